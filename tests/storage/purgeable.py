"""An interview with something of it wherever something of an interview can be."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from obstore.store import ObjectStore

from storage import objects, queue
from storage.answers import Question, Response, upsert_question, upsert_response
from storage.answers_cache import keep_answer
from storage.cache import Cache
from storage.database import Connection, Database
from storage.events import append_side_fact
from storage.ids import uuid7
from storage.lineage import LineageRecord, record
from storage.purging import prefixes
from storage.reports import (
    Feedback,
    Transcript,
    Turn,
    save_feedback,
    save_report,
    save_transcript,
    save_turn,
)
from storage.scores import NewScore, live_run, save_scores
from storage.tickets import issue_ticket
from tests.conftest import Person
from tests.storage.conftest import NOON
from tests.storage.test_events import said

WORDS = "I kept the pager for eleven weeks."
PDF = "exports/reports/kept-under-no-prefix-{}.pdf"

LEFT = """
select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p') and not c.relispartition
   and n.nspname not in ('pg_catalog', 'information_schema') order by 1
"""


def folder_store(folder: Path) -> ObjectStore:
    return objects.connect(None, folder)


async def fill(
    database: Database, store: ObjectStore, cache: Cache | None, person: Person, interview_id: UUID, at: datetime = NOON
) -> None:
    """A row in every table, objects under each prefix and one that only a row names, a task, a cached answer."""
    async with database.tenant(person.tenant_id) as connection:
        for n in range(3):
            await append_side_fact(connection, interview_id, said(f"{WORDS} {n}"))
        await _fill_views(connection, interview_id, at)
        await issue_ticket(connection, interview_id, "candidate", uuid7().bytes, at)
        for _ in range(2):
            await record(connection, call_for(interview_id, at))
        job = queue.Job(person.tenant_id, interview_id)
        await queue.enqueue(connection, "score", job, dedupe_key=f"score:{interview_id}")
        await queue.count_attempt(connection, "score", job)
        await connection.execute(
            "update interview.reports set pdf_key = $2 where interview_id = $1", interview_id, PDF.format(interview_id)
        )
    for key in object_keys(person, interview_id):
        await objects.put(store, key, WORDS.encode())
    if cache is not None:
        await keep_answer(cache, f"asked-{interview_id}", WORDS, seconds=3600, interview_id=interview_id)


def call_for(interview_id: UUID, at: datetime) -> LineageRecord:
    """A call of a model that cost a quarter of a dollar."""
    return LineageRecord(
        id=uuid7(at),
        occurred_at=at,
        agent_type="scorer",
        tier="balanced",
        provider="anthropic",
        model_name="claude-sonnet-5-5",
        prompt_template_id="score",
        prompt_version="2",
        prompt_hash="a" * 64,
        input_hash="b" * 64,
        output_hash="c" * 64,
        latency_ms=812.5,
        entity_type="answer",
        entity_id=interview_id,
        request_id=f"score/{interview_id}/q1/1",
        price_version="2026-11-20",
        cost_usd=Decimal("0.25"),
        interview_id=interview_id,
        metadata={"outcome": "whole"},
    )


async def _fill_views(connection: Connection, interview_id: UUID, at: datetime) -> None:
    question_id = await upsert_question(connection, _question(interview_id, 1))
    await upsert_question(connection, _question(interview_id, 2, question_id))
    response_id = await upsert_response(
        connection,
        Response(
            interview_id=interview_id,
            question_id=question_id,
            version=1,
            response_text=WORDS,
            language="en",
            word_count=7,
            response_duration_seconds=3.5,
            closed_seq=2,
        ),
    )
    run_id = await live_run(connection, interview_id, "rehearsal/1", at)
    await save_scores(
        connection,
        run_id=run_id,
        interview_id=interview_id,
        response_id=response_id,
        question_id=question_id,
        scores=[NewScore(competency="ownership", level=4, null_reason=None, anchor="four", judge="rehearsal")],
    )
    await save_feedback(connection, interview_id, [Feedback(feedback_type="summary", content=WORDS)])
    await save_transcript(connection, Transcript(interview_id, [{"text": WORDS}], "en", 7, 3))
    await save_turn(connection, Turn(interview_id=interview_id, turn_number=1, draft="hit", question_id=question_id))
    await save_report(connection, interview_id, {"summary": WORDS}, 3, at)


def _question(interview_id: UUID, number: int, follow_up_to: UUID | None = None) -> Question:
    return Question(
        interview_id=interview_id,
        sequence_number=number,
        question_key=f"q{number}",
        question_text="What did you own?",
        question_type="follow_up" if follow_up_to else "behavioral",
        category="ownership",
        difficulty_level="medium",
        follow_up_to=follow_up_to,
    )


def object_keys(person: Person, interview_id: UUID) -> list[str]:
    below = [f"{prefix}{name}" for prefix in prefixes(person.tenant_id, interview_id) for name in ("1.ogg", "a/2.ogg")]
    return [*below, PDF.format(interview_id)]


async def tables_naming(admin: Connection, interview_id: UUID) -> dict[str, int]:
    """How many rows of each table hold the interview's id anywhere, in whatever column and form."""
    found = {}
    for (table,) in await admin.fetch(LEFT):
        count = await admin.fetchval(
            f"select count(*) from {table} t where position($1 in t::text) > 0"  # noqa: S608
            " or position(encode(convert_to($1, 'UTF8'), 'hex') in t::text) > 0",
            str(interview_id),
        )
        if count:
            found[table] = count
    return found
