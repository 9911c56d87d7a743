from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import httpx
import msgspec
import pytest

from agents.events import AnswerClosed, AnswerReopened, Kind, ScoreGiven
from agents.judges.panel import PANEL
from agents.report import Report, report_of
from server.services import Services
from storage import answers, interviews, reports, scores
from tests.agents.sitting import PLAN, Sitting
from tests.agents.spoken import begun, ends, speaks
from tests.agents.test_report import sat, scored
from tests.server.api.test_interviews import INTERVIEWS, begin
from tests.server.api.test_record import append
from tests.server.serving import Clock


async def keep_score(
    served: Services,
    interview_id: str,
    number: int,
    level: int | None,
    version: int = 1,
    judges: Sequence[str] = ("rehearsal-scorer/1",),
) -> None:
    """What scoring keeps of an answer to the question of that number: `q1` and so on."""
    interview = UUID(interview_id)
    async with served.database.tenant(served.local_owner.tenant_id) as connection:
        question = await answers.upsert_question(
            connection,
            answers.Question(
                interview_id=interview,
                sequence_number=number,
                question_key=f"q{number}",
                question_text="Tell me of a time.",
                question_type="behavioral",
                category="teamwork",
                difficulty_level="medium",
            ),
        )
        response = await answers.upsert_response(
            connection,
            answers.Response(
                interview_id=interview,
                question_id=question,
                version=version,
                response_text="We cut it by half.",
                language="en",
                word_count=5,
                response_duration_seconds=3.0,
                closed_seq=2,
            ),
        )
        run = await scores.live_run(connection, interview, "rehearsal-scorer/1", served.now())
        await scores.save_scores(
            connection,
            run_id=run,
            interview_id=interview,
            response_id=response,
            question_id=question,
            scores=[
                scores.NewScore(
                    competency="teamwork",
                    level=level,
                    judge=judge,
                    null_reason=None if level else "too_little",
                    anchor="Says what they did.",
                    evidence=[{"text": "We cut it", "seq": 2, "start": 0, "end": 9}] if level else [],
                    key_points_covered=["q1.a"],
                    missed_points=["q1.b"],
                    suggested_improvement="Say what changed.",
                )
                for judge in judges
            ],
        )
    fact = ScoreGiven(
        question_id=f"q{number}",
        version=version,
        run_id=run,
        competency="teamwork",
        scorer="rehearsal-scorer/1",
        level=level,
    )
    await append(served, interview_id, fact)


def written(interview_id: UUID, at: datetime) -> Report:
    """A report of an interview in which nothing could be judged."""
    return Report(
        interview_id=interview_id,
        plan="behavioural",
        title="Behavioural interview",
        kind="practice",
        language="en",
        ended="stopped",
        interviewer="rehearsal-interviewer/1",
        scorer="rehearsal-scorer/1",
        is_rehearsal=True,
        started_at=at,
        ended_at=at,
        duration_ms=0,
        overall=None,
        competencies=(),
        questions=(),
        feedback=(),
        transcript=(),
        last_seq=1,
    )


async def test_of_three_judges_the_score_is_what_they_come_to_together(
    client: httpx.AsyncClient, served: Services
) -> None:
    body = await begin(client)
    await keep_score(served, body["id"], 1, 4, judges=("model-scorer/2 judge 1", "model-scorer/2 judge 2", PANEL))
    (score,) = (await client.get(f"{INTERVIEWS}/{body['id']}/scores")).json()["scores"]
    assert score["judge"] == PANEL


async def test_levels_are_shown_with_their_evidence(client: httpx.AsyncClient, served: Services) -> None:
    body = await begin(client)
    await keep_score(served, body["id"], 1, 4)
    (score,) = (await client.get(f"{INTERVIEWS}/{body['id']}/scores")).json()["scores"]
    assert (score["question_id"], score["version"], score["competency"]) == ("q1", 1, "teamwork")
    assert (score["level"], score["score"], score["null_reason"]) == (4, 75.0, None)
    assert score["evidence"] == [{"text": "We cut it", "seq": 2, "start": 0, "end": 9}]
    assert (score["covered"], score["missed"]) == (["q1.a"], ["q1.b"])
    assert (score["spread"], score["needs_review"]) == (None, False)


async def test_an_answer_with_too_little_to_judge_says_so(client: httpx.AsyncClient, served: Services) -> None:
    body = await begin(client)
    await keep_score(served, body["id"], 1, None)
    (score,) = (await client.get(f"{INTERVIEWS}/{body['id']}/scores")).json()["scores"]
    assert (score["level"], score["score"], score["null_reason"]) == (None, None, "too_little")


async def test_answers_that_wait_for_their_score_are_named(client: httpx.AsyncClient, served: Services) -> None:
    body = await begin(client)
    await append(
        served,
        body["id"],
        AnswerClosed(question_id="q1", version=1),
        AnswerClosed(question_id="q2", version=1),
    )
    await keep_score(served, body["id"], 1, 3)
    listed = (await client.get(f"{INTERVIEWS}/{body['id']}/scores")).json()
    assert ([score["question_id"] for score in listed["scores"]], listed["pending"]) == (["q1"], ["q2"])


async def test_an_answer_that_was_added_to_waits_for_its_new_score(client: httpx.AsyncClient, served: Services) -> None:
    body = await begin(client)
    await keep_score(served, body["id"], 1, 3)
    facts = (
        AnswerClosed(question_id="q1", version=1),
        AnswerReopened(question_id="q1", version=2),
        AnswerClosed(question_id="q1", version=2),
    )
    await append(served, body["id"], *facts)
    assert (await client.get(f"{INTERVIEWS}/{body['id']}/scores")).json()["pending"] == ["q1"]
    await keep_score(served, body["id"], 1, 4, version=2)
    listed = (await client.get(f"{INTERVIEWS}/{body['id']}/scores")).json()
    assert ([score["level"] for score in listed["scores"]], listed["pending"]) == ([4], [])


async def test_the_report_is_shown_when_it_is_written(
    client: httpx.AsyncClient, served: Services, clock: Clock
) -> None:
    body = await begin(client)
    path = f"{INTERVIEWS}/{body['id']}/report"
    tenant = served.local_owner.tenant_id

    before = await client.get(path)
    assert (before.status_code, before.json()["code"]) == (409, "interview_not_over")

    for status in ("in_progress", "completed"):
        async with served.database.tenant(tenant) as connection:
            await interviews.set_status(connection, UUID(body["id"]), status, clock())
    pending = await client.get(path)
    assert (pending.status_code, pending.json()["code"]) == (409, "report_pending")
    assert int(pending.headers["retry-after"]) > 0

    async with served.database.tenant(tenant) as connection:
        await reports.save_report(connection, UUID(body["id"]), written(UUID(body["id"]), clock()), 1, clock())
    ready = await client.get(path)
    assert (ready.status_code, ready.json()["last_seq"]) == (200, 1)
    assert ready.json()["report"] == msgspec.json.decode(msgspec.json.encode(written(UUID(body["id"]), clock())))


@pytest.mark.parametrize("status", ["expired", "cancelled"])
async def test_an_interview_that_was_never_held_has_nothing_to_report(
    client: httpx.AsyncClient, served: Services, clock: Clock, status: interviews.Status
) -> None:
    body = await begin(client)
    async with served.database.tenant(served.local_owner.tenant_id) as connection:
        await interviews.set_status(connection, UUID(body["id"]), status, clock())
    answer = await client.get(f"{INTERVIEWS}/{body['id']}/report")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_report")


@pytest.mark.parametrize("kind", ["practice", "screening"])
async def test_what_would_be_better_is_told_of_a_practice_and_never_of_a_screening(
    client: httpx.AsyncClient, served: Services, kind: Kind
) -> None:
    interview_id = UUID((await begin(client))["id"])
    log = scored(sat(kind=kind), "q1", "q2", "q3")
    body = report_of(interview_id, PLAN, served.library.rubrics[PLAN.rubric], log)
    assert body is not None
    async with served.database.tenant(served.local_owner.tenant_id) as connection:
        await reports.save_report(connection, interview_id, body, body.last_seq, served.now())
    answer = await client.get(f"{INTERVIEWS}/{interview_id}/report")
    coaching = answer.json()["report"]["coaching"]
    if kind == "practice":
        assert coaching["moment"]["quote"]["text"] in answer.text
        assert coaching["moment"]["by"] == coaching["better"]["by"] == "arithmetic"
        assert any(part["is_gap"] for part in coaching["better"]["parts"])
    else:
        assert coaching is None
        assert "is_gap" not in answer.text
    assert answer.json()["report"]["to_review"] == 0


@pytest.mark.parametrize("kind", ["practice", "screening"])
async def test_how_the_answers_were_spoken_is_told_of_a_practice_and_never_of_a_screening(
    client: httpx.AsyncClient, served: Services, kind: Kind
) -> None:
    interview_id = UUID((await begin(client))["id"])
    sitting = begun(Sitting(kind=kind))
    speaks(sitting, "I led the team and we finished early.", after_ms=800)
    rubric = served.library.rubrics[PLAN.rubric]
    body = report_of(interview_id, PLAN, rubric, ends(sitting).log)
    assert body is not None
    async with served.database.tenant(served.local_owner.tenant_id) as connection:
        await reports.save_report(connection, interview_id, body, body.last_seq, served.now())
    answer = (await client.get(f"{INTERVIEWS}/{interview_id}/report")).json()["report"]
    if kind == "practice":
        assert answer["delivery"]["whole"]["words"] == 8
        assert answer["delivery"]["questions"][0]["question_id"] == "q1"
    else:
        assert answer["delivery"] is None
