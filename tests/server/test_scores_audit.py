"""Whatever a score rests on, damaged, is found and named; what is sound is left in peace."""

from datetime import timedelta
from uuid import UUID

import pytest

from agents.assessment import write_report
from agents.rescoring.auditing import Fault
from server.scores_audit import audit_scores
from storage.database import Database
from storage.ids import uuid7
from tests.agents.rehearsal.answers import GOOD
from tests.agents.sitting import PLAN, Sitting
from tests.conftest import DatabaseUrls, Person, new_person
from tests.server.carrying.held import Desk, answered


@pytest.fixture
def desk(database: Database, tenant: Person, database_urls: DatabaseUrls) -> Desk:
    return Desk(database, tenant, database_urls.admin)


async def faults_of(desk: Desk, *interview_ids: UUID) -> list[Fault]:
    return [fault async for found in audit_scores(desk.database, interview_ids) for fault in found.faults]


async def test_scores_as_they_were_given_are_sound_at_every_stage(desk: Desk) -> None:
    begun = Sitting()
    begun.joins()
    unscored, scored = await desk.holds(report=False), await desk.holds()
    found = [each async for each in audit_scores(desk.database, [unscored, scored, await desk.holds(begun)])]
    assert [fault for each in found for fault in each.faults] == []
    assert sorted(each.scores for each in found) == [0, 0, 3]
    assert sum(each.quotes for each in found) >= 2


async def test_a_reopened_answer_in_another_language_is_sound(desk: Desk) -> None:
    sitting = Sitting(language="es")
    sitting.reaches("q1")
    sitting.says(GOOD[PLAN.slug, "q1", "es"])
    sitting.replies("next")
    interview_id = await desk.holds(sitting, report=False)
    await desk.works(interview_id)
    sitting = Sitting(language="es")
    sitting.reaches("q1")
    sitting.says(GOOD[PLAN.slug, "q1", "es"])
    sitting.replies("next")
    sitting.presses("language", "en")
    sitting.replies()
    sitting.says("I should add that the whole team took part.", question_id="q1")
    sitting.replies()
    sitting.presses("end")
    sitting.replies()
    assert await faults_of(desk, interview_id, await desk.holds(sitting)) == []


async def test_that_no_score_came_in_time_is_a_fact_and_no_row(desk: Desk) -> None:
    interview_id = await desk.holds(report=False)
    desk.clock.forward(timedelta(hours=1))
    written = await write_report(
        desk.database, desk.person.tenant_id, interview_id, desk.clock, give_up_after=timedelta(minutes=2)
    )
    assert written
    assert await faults_of(desk, interview_id) == []


SCORES = "update interview.scores set {} where interview_id = $1 and level is not null"
EVENTS = """
update interview.events set payload = {}
 where interview_id = $1 and type = 'score.given' and payload ->> 'level' is not null
"""
DAMAGES = [
    ("lineage_missing", SCORES.format("lineage_id = null")),
    ("lineage_missing", SCORES.format("lineage_id = gen_random_uuid()")),
    ("lineage_missing", "delete from compliance.model_lineage where interview_id = $1"),
    (
        "lineage_of_something_else",
        "update compliance.model_lineage set agent_type = 'interviewer' where interview_id = $1",
    ),
    (
        "lineage_of_something_else",
        "update compliance.model_lineage set interview_id = gen_random_uuid() where interview_id = $1",
    ),
    (
        "lineage_without_hashes",
        "update compliance.model_lineage set output_hash = repeat('0', 64) where interview_id = $1",
    ),
    (
        "lineage_without_hashes",
        "update compliance.model_lineage set provider = 'anthropic' where interview_id = $1",
    ),
    ("quote_not_verbatim", SCORES.format("evidence = jsonb_set(evidence, '{0,text}', '\"I never said this.\"')")),
    ("quote_not_verbatim", SCORES.format("evidence = jsonb_set(evidence, '{0,start}', '1')")),
    ("quote_not_verbatim", SCORES.format("evidence = jsonb_set(evidence, '{0,end}', '-1')")),
    (
        "quote_not_verbatim",
        """update interview.events set payload = jsonb_set(payload, '{text}', '"…"')
            where interview_id = $1 and type = 'turn.closed'""",
    ),
    ("quote_of_no_turn", SCORES.format("evidence = jsonb_set(evidence, '{0,seq}', '1')")),
    ("evidence_unreadable", SCORES.format("evidence = '[{\"text\": 1}]'")),
    (
        "quote_of_another_answer",
        """update interview.scores s set evidence = o.evidence from interview.scores o
            where s.interview_id = $1 and o.interview_id = $1 and s.id > o.id and s.level is not null""",
    ),
    (
        "quote_of_another_answer",
        "update interview.responses set spans = '[]' where interview_id = $1",
    ),
    ("quote_not_in_the_answer", "update interview.responses set response_text = '' where interview_id = $1"),
    (
        "quote_not_in_the_transcript",
        """update interview.transcripts t set segments = (
             select jsonb_agg(s || '{"text": "I said another thing."}') from jsonb_array_elements(t.segments) s)
            where interview_id = $1""",
    ),
    ("anchor_not_the_rubrics", SCORES.format("anchor = 'Is brilliant.'")),
    ("anchor_not_the_rubrics", SCORES.format("level = 6 - level, anchor = anchor || '!'")),
    ("unknown_reason", SCORES.format("level = null, null_reason = 'tired', anchor = '', evidence = '[]'")),
    ("timed_out_has_a_row", SCORES.format("level = null, null_reason = 'timed_out'")),
    ("evidence_without_level", SCORES.format("level = null, null_reason = 'off_topic', anchor = ''")),
    ("competency_not_in_rubric", SCORES.format("competency = 'charm'")),
    ("competency_of_another_question", SCORES.format("competency = 'influence'")),
    ("point_not_in_plan", SCORES.format("key_points_covered = '[\"q1.x\"]'")),
    (
        "point_covered_and_missed",
        SCORES.format("missed_points = missed_points || key_points_covered"),
    ),
    (
        "question_not_in_plan",
        "update interview.questions set question_key = 'q99' where interview_id = $1 and question_key = 'q1'",
    ),
    ("answer_or_run_missing", "delete from interview.responses where interview_id = $1"),
    ("answer_or_run_missing", "delete from interview.scoring_runs where interview_id = $1"),
    ("event_without_row", "delete from interview.scores where interview_id = $1"),
    ("event_without_row", SCORES.format("judge = 'somebody'")),
    ("row_without_event", SCORES.format("judge = 'somebody'")),
    ("row_without_event", "delete from interview.events where interview_id = $1 and type = 'score.given'"),
    ("event_differs_from_row", SCORES.format("suggested_improvement = 'Smile.'")),
    ("event_differs_from_row", SCORES.format("needs_review = true")),
    ("event_differs_from_row", EVENTS.format("payload || '{\"level\": 9}'")),
    ("event_differs_from_row", EVENTS.format("payload || '{\"evidence\": []}'")),
    ("event_unreadable", EVENTS.format("payload - 'competency'")),
    ("timed_out_with_a_level", EVENTS.format('payload || \'{"null_reason": "timed_out"}\'')),
    ("answer_without_score", "delete from interview.scores where interview_id = $1 and level is not null"),
    ("panel_incomplete", SCORES.format("judge = judge || ' panel'")),
]


@pytest.mark.parametrize(("rule", "statement"), DAMAGES)
async def test_each_damage_is_named(desk: Desk, rule: str, statement: str) -> None:
    interview_id = await desk.holds()
    await desk.damages(statement, interview_id)
    found = await faults_of(desk, interview_id)
    assert rule in {fault.rule for fault in found}, found
    assert {fault.interview for fault in found} == {interview_id}


async def test_a_fault_tells_nothing_that_anybody_said(desk: Desk) -> None:
    interview_id = await desk.holds()
    await desk.damages(SCORES.format("""competency = 'Ada, 07700 900123', judge = 'é' || anchor"""), interview_id)
    await desk.damages(SCORES.format("evidence = jsonb_set(evidence, '{0,start}', '1')"), interview_id)
    found = await faults_of(desk, interview_id)
    assert {"quote_not_verbatim", "row_without_event"} <= {fault.rule for fault in found}
    told = " ".join(f"{fault.where} {fault.told}" for fault in found)
    said = [" ".join(GOOD[PLAN.slug, key, "en"].split()) for key in ("q1", "q2")]
    assert "Ada" not in told
    assert not [text[at : at + 12] for text in said for at in range(len(text) - 12) if text[at : at + 12] in told]


@pytest.fixture
async def other(desk: Desk, database_urls: DatabaseUrls) -> Desk:
    return Desk(desk.database, await new_person(desk.database), database_urls.admin)


async def test_every_interview_of_every_tenant_is_audited_deleted_ones_too(desk: Desk, other: Desk) -> None:
    mine, theirs, deleted = await desk.holds(), await other.holds(answered("q1")), await other.holds(answered("q1"))
    for interview_id in (mine, theirs, deleted):
        await desk.damages(SCORES.format("anchor = 'Is brilliant.'"), interview_id)
    await desk.damages("update interview.interviews set deleted_at = now() where id = $1", deleted)
    found = [fault async for each in audit_scores(desk.database, None) for fault in each.faults]
    assert {mine, theirs, deleted} <= {fault.interview for fault in found}


async def test_an_interview_that_is_nowhere_is_a_fault(desk: Desk) -> None:
    (fault,) = await faults_of(desk, missing := uuid7())
    assert (fault.interview, fault.rule) == (missing, "no_such_interview")
