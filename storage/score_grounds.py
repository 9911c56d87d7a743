"""What the scores of one interview rest on: its log, answers, plan and rubric, and the calls that judged them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from storage.database import Connection
from storage.errors import NotFound

JsonRow = dict[str, Any]


class Grounds(msgspec.Struct, frozen=True):
    """Rows of JSON as they stand, of one moment. `plan` and `rubric` are the documents that the interview pinned."""

    interview: JsonRow
    plan: Any
    rubric: Any
    parts: Mapping[str, Sequence[JsonRow]]
    """`events` (closed turns and answers, scores given), `questions`, `responses`, `scoring_runs`, `scores`, `lineage`,
    `transcript`.
    """


_PARTS: Mapping[str, str] = {
    "interview": "select to_jsonb(i) as row, 0::bigint as n from interview.interviews i where i.id = $1",
    "plan": """
        select v.body, 0 from interview.interviews i
          join interview.plan_versions v on v.id = i.plan_version_id where i.id = $1
    """,
    "rubric": """
        select r.body, 0 from interview.interviews i
          join interview.plan_versions v on v.id = i.plan_version_id
          join interview.rubrics r on r.id = v.rubric_id where i.id = $1
    """,
    "events": """
        select jsonb_build_object('seq', e.seq, 'id', e.id, 'type', e.type, 'payload', e.payload), e.seq
          from interview.events e
         where e.interview_id = $1 and e.type in ('turn.closed', 'answer.closed', 'score.given')
    """,
    "questions": """
        select jsonb_build_object('id', q.id, 'question_key', q.question_key), q.sequence_number
          from interview.questions q where q.interview_id = $1
    """,
    "responses": "select to_jsonb(a), a.closed_seq from interview.responses a where a.interview_id = $1",
    "scoring_runs": """
        select to_jsonb(r), row_number() over (order by r.id) from interview.scoring_runs r where r.interview_id = $1
    """,
    "scores": "select to_jsonb(s), row_number() over (order by s.id) from interview.scores s where s.interview_id = $1",
    # Two questions, because one with `or` between them would read the whole lineage.
    "lineage": """
        select jsonb_build_object('id', l.id, 'interview_id', l.interview_id, 'agent_type', l.agent_type,
                                  'provider', l.provider, 'prompt_hash', l.prompt_hash, 'input_hash', l.input_hash,
                                  'output_hash', l.output_hash), 0
          from (
            select * from compliance.model_lineage o where o.interview_id = $1
            union all
            select * from compliance.model_lineage o
             where o.id = any (array(select s.lineage_id from interview.scores s where s.interview_id = $1))
               and o.interview_id is distinct from $1) as l
    """,
    "transcript": "select t.segments, 0 from interview.transcripts t where t.interview_id = $1",
}
# One statement, so that all is of one moment however the interview goes on meanwhile.
_UNION = " union all ".join(f"select '{name}', t.* from ({part}) as t" for name, part in _PARTS.items())  # noqa: S608
_SELECT = f"select part, row from ({_UNION}) as found(part, row, n) order by part, n"  # noqa: S608 - our own constants


async def grounds_of(connection: Connection, interview_id: UUID) -> Grounds:
    """Of an interview of the connection's tenant, also of one that is deleted and not purged yet. Raises NotFound."""
    found: dict[str, list[Any]] = {name: [] for name in _PARTS}
    for part, row in await connection.fetch(_SELECT, interview_id):
        found[part].append(row)
    if not found["interview"]:
        raise NotFound("interview", interview_id)
    (interview,), (plan,), (rubric,) = found.pop("interview"), found.pop("plan"), found.pop("rubric")
    found["transcript"] = [segment for segments in found["transcript"] for segment in segments]
    return Grounds(interview, plan, rubric, found)


async def interviews_kept(connection: Connection, after: UUID | None = None, limit: int = 200) -> list[UUID]:
    """The tenant's interviews, deleted ones included, the oldest first; `after` is the last id of the page before."""
    rows = await connection.fetch(
        """
        select id from interview.interviews
         where tenant_id = current_setting('app.tenant')::uuid and ($1::uuid is null or id > $1)
         order by id limit $2
        """,
        after,
        limit,
    )
    return [row["id"] for row in rows]


async def which_are_kept(connection: Connection, interview_ids: Sequence[UUID]) -> list[UUID]:
    """Those of these interviews that the tenant has, deleted ones included."""
    rows = await connection.fetch("select id from interview.interviews where id = any($1)", interview_ids)
    return [row["id"] for row in rows]
