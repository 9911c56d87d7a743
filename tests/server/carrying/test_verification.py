"""Damage to what is kept is found and named; what is sound, or not made yet, is left in peace."""

import asyncio
import itertools
from typing import Literal

import pytest

from agents.events import AnyPayload, CandidateJoined, InterviewPaused
from agents.log import InterviewLog
from server.carrying.verification import verify
from storage.ids import uuid7
from tests.agents.rehearsal.answers import GOOD
from tests.agents.sitting import PLAN, Sitting
from tests.conftest import DatabaseUrls, new_person
from tests.server.carrying.held import Desk, answered
from tests.server.live.house import House


async def test_an_interview_is_what_its_log_says_at_every_stage(desk: Desk) -> None:
    begun = Sitting()
    begun.joins()
    assert await desk.verified(await desk.holds(begun, report=False)) == []
    unscored = await desk.holds(report=False)
    assert await desk.verified(unscored) == []
    await desk.works(unscored)
    assert await desk.verified(unscored) == []


async def test_a_spanish_interview_that_paused_changed_language_and_reopened_an_answer_is_sound(desk: Desk) -> None:
    sitting = Sitting(language="es")
    sitting.reaches("q1")
    sitting.presses("pause")
    sitting.presses("resume")
    sitting.replies()
    sitting.says(GOOD[PLAN.slug, "q1", "es"])
    sitting.replies("probe")
    sitting.says("Lo medimos cada semana y bajó de diez a dos.")
    sitting.replies("next")
    sitting.presses("language", "en")
    sitting.replies()
    sitting.says("I should add that the whole team took part.", question_id="q1")
    sitting.replies()
    sitting.says(GOOD[PLAN.slug, "q2", "en"])
    sitting.replies("next")
    sitting.presses("end")
    sitting.replies()
    interview_id = await desk.holds(sitting, report=False)
    assert [event.type for event in sitting.log].count("answer.closed") > 2
    assert await desk.verified(interview_id) == []
    await desk.works(interview_id)
    assert await desk.verified(interview_id) == []


async def test_an_interview_held_at_the_live_gateway_is_sound(house: House, desk: Desk) -> None:
    interview_id, candidate = await house.begins(2)
    await candidate.say(GOOD[PLAN.slug, "q2", "en"])
    await candidate.floor()
    assert await desk.verified(interview_id) == []
    await candidate.press("end")
    await candidate.fact("interview.ended")
    await desk.works(interview_id)
    assert (await house.types(interview_id))[-1] == "report.ready"
    assert await desk.verified(interview_id) == []


DAMAGES: list[tuple[str, str, str]] = [
    ("update interview.interviews set status = 'paused' where id = $1", "interviews", "status"),
    ("update interview.interviews set last_seq = last_seq + 1 where id = $1", "interviews", "last_seq"),
    (
        "update interview.interviews set last_event_at = last_event_at + interval '1 microsecond' where id = $1",
        "interviews",
        "last_event_at",
    ),
    ("update interview.interviews set started_at = null where id = $1", "interviews", "started_at"),
    (
        "update interview.interviews set completed_at = completed_at + interval '1 s' where id = $1",
        "interviews",
        "completed_at",
    ),
    ("update interview.interviews set language = 'es' where id = $1", "interviews", "language"),
    (
        "update interview.interviews set actual_duration_seconds = actual_duration_seconds + 1 where id = $1",
        "interviews",
        "actual_duration_seconds",
    ),
    ("update interview.interviews set overall_score = 1 where id = $1", "interviews", "overall_score"),
    (
        """update interview.interviews set versions = versions || '{"director": "x"}' where id = $1""",
        "interviews",
        "versions.director",
    ),
    (
        "update interview.questions set asked_seq = 1 where interview_id = $1 and question_key = 'q1'",
        "questions",
        "q1.asked_seq",
    ),
    (
        "update interview.questions set closed_seq = null where interview_id = $1 and question_key = 'q2'",
        "questions",
        "q2.closed_seq",
    ),
    (
        "update interview.questions set question_text = 'What?' where interview_id = $1 and question_key = 'q2'",
        "questions",
        "q2.question_text",
    ),
    (
        "update interview.questions set expected_answer_points = '[]' where interview_id = $1 and question_key = 'q2'",
        "questions",
        "q2.expected_answer_points",
    ),
    (
        "update interview.responses set response_text = response_text || '!' where interview_id = $1",
        "responses",
        "q1 version 1.response_text",
    ),
    ("update interview.responses set spans = '[]' where interview_id = $1", "responses", "q1 version 1.spans"),
    (
        "update interview.responses set is_current = false where interview_id = $1",
        "responses",
        "q1 version 1.is_current",
    ),
    ("update interview.responses set score = 12.5 where interview_id = $1", "responses", "q1 version 1.score"),
    ("update interview.responses set version = version + 1 where interview_id = $1", "responses", "q1 version 1"),
    ("update interview.scores set level = 6 - level where interview_id = $1 and level <> 3", "scores", "level"),
    ("update interview.scores set evidence = '[]' where interview_id = $1", "scores", "evidence"),
    ("delete from interview.scores where interview_id = $1", "scores", "q1 version 1"),
    ("update interview.scoring_runs set status = 'failed' where interview_id = $1", "scoring_runs", "status"),
    (
        "update interview.transcripts set segments = segments #- '{0,text}' where interview_id = $1",
        "transcripts",
        "segments[0].text",
    ),
    ("delete from interview.transcripts where interview_id = $1", "transcripts", "row"),
    (
        "update interview.feedback set content = 'Well.' where interview_id = $1 and priority = 1",
        "feedback",
        "1.content",
    ),
    (
        "delete from interview.feedback where interview_id = $1 and feedback_type = 'summary'",
        "feedback",
        "feedback_type",
    ),
    (
        "update interview.reports set body = jsonb_set(body, '{questions,0,level}', '1') where interview_id = $1",
        "reports",
        "body.questions[0].level",
    ),
    ("update interview.reports set body = body - 'overall' where interview_id = $1", "reports", "body"),
    ("update interview.reports set last_seq = last_seq - 1 where interview_id = $1", "reports", "last_seq"),
    ("delete from interview.reports where interview_id = $1", "reports", "row"),
    ("update interview.events set seq = seq + 1000 where interview_id = $1 and seq > 5", "events", "seq"),
    ("delete from interview.events where interview_id = $1 and seq = 3", "events", "seq"),
    (
        "update interview.events set payload = payload - 'text' where interview_id = $1 and type = 'reply.heard'",
        "events",
        "payload",
    ),
    (
        "update interview.events set type = 'candidate.left' where interview_id = $1 and type = 'candidate.joined'",
        "events",
        "type",
    ),
    (
        """update interview.events set payload = payload || '{"question_id": "q77"}'
            where interview_id = $1 and type = 'question.asked'""",
        "events",
        "fold",
    ),
    (
        """update interview.events set payload = payload || '{"plan_hash": "0"}'
            where interview_id = $1 and type = 'interview.created'""",
        "plan_version",
        "content_hash",
    ),
]


@pytest.mark.parametrize(("statement", "view", "field"), DAMAGES)
async def test_each_damage_is_named(desk: Desk, statement: str, view: str, field: str) -> None:
    interview_id = await desk.holds()
    await desk.damages(statement, interview_id)
    found = await desk.verified(interview_id)
    assert any(each.view == view and field in each.field for each in found), found
    assert all(each.interview == interview_id for each in found)


@pytest.mark.parametrize("table", ["questions", "responses", "scores"])
async def test_a_row_that_no_fact_tells_of_is_named(
    desk: Desk, table: Literal["questions", "responses", "scores"]
) -> None:
    interview_id = await desk.holds()
    another = {
        "questions": "sequence_number = 99, question_key = 'q99'",
        "responses": "version = 9, is_current = false",
        "scores": "judge = 'another'",
    }[table]
    async with desk.database.maintenance() as connection:
        await connection.execute(
            f"create temp table extra on commit drop as select * from interview.{table}"  # noqa: S608
            f" where interview_id = '{interview_id}' limit 1"
        )
        await connection.execute(f"update extra set id = '{uuid7()}', {another}")  # noqa: S608
        await connection.execute(f"insert into interview.{table} select * from extra")  # noqa: S608
    (found,) = await desk.verified(interview_id)
    assert (found.view, found.kept, found.folded) == (table, "a row", "none")


async def test_a_difference_tells_nothing_that_anybody_said(desk: Desk) -> None:
    interview_id = await desk.holds()
    said = GOOD[PLAN.slug, "q1", "en"]
    await desk.damages(
        "update interview.responses set response_text = 'I am Ada.' where interview_id = $1", interview_id
    )
    told = "\n".join(f"{each.field} {each.kept} {each.folded}" for each in await desk.verified(interview_id))
    assert "9 characters (sha256 " in told
    assert f"{len(said)} characters (sha256 " in told
    assert "Ada" not in told
    assert all(word not in told for word in said.split() if len(word) > 4)


async def test_an_interview_that_is_nowhere_is_a_difference(desk: Desk) -> None:
    (found,) = await desk.verified(uuid7())
    assert (found.view, found.kept, found.folded) == ("interviews", "none", "a row")


async def test_all_tenants_are_verified_page_by_page(desk: Desk, database_urls: DatabaseUrls) -> None:
    other = Desk(desk.database, await new_person(desk.database), database_urls.admin)
    ids = {await desk.holds(answered("q1")), await other.holds(answered("q1")), await other.holds(report=False)}
    found = [verified.interview_id async for verified in verify(desk.database, None)]
    assert ids <= set(found)
    assert len(set(found)) == len(found)


async def test_an_interview_that_goes_on_meanwhile_is_never_seen_half_done(desk: Desk) -> None:
    interview_id = await desk.holds(Sitting(), report=False)
    journal = InterviewLog(desk.database, desk.person.tenant_id, interview_id, desk.clock)
    epoch = await journal.take_over("test")
    assert epoch is not None
    enough = asyncio.Event()
    going_on = asyncio.create_task(_append_until(journal, epoch, enough))
    for _ in range(10):
        assert await desk.verified(interview_id) == []
    enough.set()
    assert await going_on > 10


async def _append_until(journal: InterviewLog, epoch: int, enough: asyncio.Event) -> int:
    """Facts that change the interview's row each time; how many there were."""
    in_turn: list[AnyPayload] = [CandidateJoined(client="test", first=True), InterviewPaused(by="candidate")]
    for appended, fact in enumerate(itertools.cycle(in_turn)):
        if enough.is_set():
            return appended
        await journal.append(epoch, appended, [fact])
    return 0
