"""A log is held to be whole, a view to be what the log says; what differs is told without anybody's words."""

from typing import Any
from uuid import UUID, uuid5

import pytest
from msgspec.structs import replace

from agents.events import ReportReady, ScoreGiven, to_document
from agents.library import load_library
from agents.refolding import Row, as_json, refold
from agents.verifying import Difference, Rows, differences, log_faults, read_log
from tests.agents.rehearsal.answers import GOOD
from tests.agents.sitting import PLAN, Sitting

INTERVIEW = UUID(int=99)
RUN = UUID(int=77)
RUBRIC = load_library().rubrics[PLAN.rubric]
PARTS = "events questions responses turns scoring_runs scores feedback transcript report lineage".split()


def rows_of(sitting: Sitting) -> list[Row]:
    """The log as its table's rows."""
    return [
        {
            "interview_id": str(INTERVIEW),
            "seq": event.seq,
            "id": str(event.id),
            "at": event.at.isoformat(),
            "at_ms": event.at_ms,
            "type": event.type,
            "actor": event.actor,
            "payload": as_json(to_document(event.payload)),
            "client_id": event.client_id,
        }
        for event in sitting.log
    ]


def begun() -> Sitting:
    sitting = Sitting()
    sitting.reaches("q1")
    sitting.says(GOOD[PLAN.slug, "q1", "en"])
    sitting.replies("next")
    return sitting


def faults(rows: list[Row]) -> list[tuple[str, str, str]]:
    return [(each.field, each.kept, each.folded) for each in log_faults(INTERVIEW, rows)]


def side_fact(rows: list[Row], payload: Any, event_id: UUID | None = None) -> None:
    """One more fact, at the log's end."""
    last = rows[-1]
    document = as_json(to_document(payload))
    rows.append(
        {
            **last,
            "seq": last["seq"] + 1,
            "id": str(event_id or uuid5(INTERVIEW, f"side {last['seq']}")),
            "actor": "scorer",
            "type": document["type"],
            "payload": document,
            "client_id": None,
        }
    )


def score(question_id: str = "q1", version: int = 1, level: int | None = 4) -> ScoreGiven:
    return ScoreGiven(
        question_id=question_id,
        version=version,
        run_id=RUN,
        competency=PLAN.question(question_id).competency,
        scorer="test/1",
        level=level,
        null_reason=None if level else "timed_out",
    )


def kept(events: list[Row], **parts: list[Row]) -> Rows:
    """An interview with these events, its row as the log says, and no view but those given."""
    views = refold(INTERVIEW, PLAN, RUBRIC, read_log(events))
    interview = {key: value for key, value in views.interview.items() if key != "versions"}
    row = {**as_json(interview), "versions": views.interview["versions"], "id": str(INTERVIEW)}
    hashes = views.interview["versions"]
    return Rows(
        interview=row,
        plan={"slug": PLAN.slug, "content_hash": hashes["plan"], "body": as_json(PLAN)},
        rubric={"slug": RUBRIC.slug, "content_hash": hashes["rubric"], "body": as_json(RUBRIC)},
        parts={**{name: [] for name in PARTS}, "events": events, **parts},
    )


def test_a_whole_log_has_no_fault() -> None:
    assert faults(rows_of(begun())) == []


def test_a_gap_is_told_by_the_number_that_should_be_there() -> None:
    rows = rows_of(begun())
    assert faults([*rows[:4], *rows[5:]]) == [("seq", "6", "5")]
    assert faults(rows[1:]) == [("seq", "2", "1")]
    assert faults([*rows[:4], rows[3], *rows[4:]]) == [("seq", "4", "5")]


@pytest.mark.parametrize("column", ["id", "client_id"])
def test_an_id_that_is_there_twice_is_told(column: str) -> None:
    rows = rows_of(begun())
    rows[2][column] = rows[5][column] = rows[7][column] = str(UUID(int=3))
    assert faults(rows) == [(column, "3 with the same", "one")]


@pytest.mark.parametrize(
    ("column", "value", "field"),
    [
        ("payload", {}, "4.payload"),
        ("payload", {"type": "moon.rose"}, "4.payload"),
        ("payload", None, "4.payload"),
        ("at", "yesterday", "4.payload"),
        ("type", "time.warned", "4.type"),
        ("interview_id", str(UUID(int=1)), "4.interview_id"),
    ],
)
def test_an_event_that_is_not_what_it_says_is_told_by_its_number(column: str, value: object, field: str) -> None:
    rows = rows_of(begun())
    rows[3][column] = value
    assert [fault[0] for fault in faults(rows)] == [field]


def test_a_log_begins_with_the_interviews_making() -> None:
    assert faults([]) == [("1.type", "nothing", "interview.created")]
    rows = [{**row, "seq": at} for at, row in enumerate(rows_of(begun())[1:], start=1)]
    assert faults(rows) == [("1.type", "candidate.joined", "interview.created")]


def test_what_the_worker_has_not_made_yet_is_not_missing() -> None:
    assert list(differences(kept(rows_of(begun())))) == []


def test_what_a_fact_says_is_there_must_be_there() -> None:
    events = rows_of(begun())
    side_fact(events, score())
    found = {(each.view, each.field, each.kept, each.folded) for each in differences(kept(events))}
    competency = PLAN.question("q1").competency
    assert found == {
        ("questions", "q1", "none", "a row"),
        ("responses", "q1 version 1", "none", "a row"),
        ("scoring_runs", str(RUN), "none", "a row"),
        ("scores", f"{RUN} q1 version 1 {competency} test/1", "none", "a row"),
    }


def test_a_score_that_timed_out_has_no_row_of_its_own() -> None:
    events = rows_of(begun())
    side_fact(events, score(level=None), uuid5(INTERVIEW, "timed-out/q1/1"))
    run = {"id": str(RUN), "reason": "live", "status": "running"}
    assert list(differences(kept(events, scoring_runs=[run]))) == []


def test_a_report_is_held_against_the_log_it_was_made_from_and_not_against_what_came_later() -> None:
    sitting = begun()
    sitting.presses("end")
    sitting.replies()
    events = rows_of(sitting)
    side_fact(events, score(), None)
    made_from = len(events)
    side_fact(events, score("q2", level=1), None)
    side_fact(events, ReportReady(overall_score=75.0), uuid5(INTERVIEW, f"report/{made_from}"))
    views = refold(INTERVIEW, PLAN, RUBRIC, read_log(events))
    assert views.report is not None
    assert views.report.last_seq == made_from
    assert [question.level for question in views.report.questions[:2]] == [4, None]


def test_a_report_of_an_earlier_release_may_lack_what_has_a_default_since() -> None:
    sitting = begun()
    sitting.presses("end")
    sitting.replies()
    events = rows_of(sitting)
    side_fact(events, score(), None)
    side_fact(events, ReportReady(overall_score=75.0), uuid5(INTERVIEW, f"report/{len(events)}"))
    views = refold(INTERVIEW, PLAN, RUBRIC, read_log(events))
    assert views.report is not None
    body = as_json(views.report)
    del body["delivery"]
    report = {"body": body, "last_seq": views.report.last_seq}
    about_reports = [each for each in differences(kept(events, report=[report])) if each.view == "reports"]
    assert about_reports == []
    body["overall"]["score"] = 74.0
    (found,) = (each for each in differences(kept(events, report=[report])) if each.view == "reports")
    assert found == Difference(INTERVIEW, "reports", "body.overall.score", "74.0", "75.0")


def test_coaching_is_held_against_the_log_unless_another_version_of_the_rules_worded_it() -> None:
    sitting = begun()
    sitting.presses("end")
    sitting.replies()
    events = rows_of(sitting)
    side_fact(events, replace(score(), suggestion="Say how it ended."), None)
    side_fact(events, ReportReady(overall_score=75.0), uuid5(INTERVIEW, f"report/{len(events)}"))
    views = refold(INTERVIEW, PLAN, RUBRIC, read_log(events))
    assert views.report is not None
    body = as_json(views.report)
    report = {"body": body, "last_seq": views.report.last_seq}

    def about_the_report() -> list[str]:
        return [each.field for each in differences(kept(events, report=[report])) if each.view == "reports"]

    assert about_the_report() == []
    body["coaching"]["change"]["text"] = "Buy our course."
    assert about_the_report() == ["body.coaching.change.text"]
    body["coaching"]["arithmetic"] = "arithmetic-coach/0"
    assert about_the_report() == []
    body["coaching"] = None
    assert about_the_report() == ["body.coaching"]
    del body["coaching"]
    assert about_the_report() == []


def test_a_plan_that_does_not_fit_the_log_is_told() -> None:
    rows = kept(rows_of(begun()))
    rows.plan["body"]["questions"] = rows.plan["body"]["questions"][1:]
    events = rows.parts["events"]
    side_fact(list(events), score())
    found = list(differences(Rows(rows.interview, {**rows.plan, "body": {}}, rows.rubric, rows.parts)))
    assert [(each.view, each.field, each.kept) for each in found] == [("plan_version", "body", "does not fit the log")]


def test_words_are_told_by_length_and_hash_and_figures_as_they_are() -> None:
    rows = kept(rows_of(begun()))
    name = "Ada Lovelace, 12 Main Street" * 9
    rows.interview.update({"status": "paused", "last_seq": 3, "kind": name, "started_at": "today"})
    found = {each.field: each.kept for each in differences(rows)}
    assert found["status"] == "paused"
    assert found["last_seq"] == "3"
    assert found["kind"].startswith("252 characters (sha256 ")
    assert found["started_at"].startswith("5 characters (sha256 ")


def test_a_turn_whose_reply_no_event_decided_is_told() -> None:
    turn = {"turn_number": 1, "reply_id": str(UUID(int=5))}
    (found,) = differences(kept(rows_of(begun()), turns=[turn]))
    assert (found.view, found.field, found.kept) == ("turns", "1.reply_id", str(UUID(int=5)))
