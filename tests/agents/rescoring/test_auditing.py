"""What a panel says is held against its judges, and what no database would keep is named all the same."""

from copy import deepcopy
from typing import Any
from uuid import UUID, uuid5

import msgspec
import pytest

from agents.library import load_library
from agents.rescoring.auditing import Row, audit
from tests.agents.sitting import PLAN

INTERVIEW = UUID(int=1)
RUBRIC = load_library().rubrics[PLAN.rubric]
QUESTION = PLAN.questions[0]
COMPETENCY = RUBRIC.competency(QUESTION.competency)
SAID = "I led the migration and we finished two weeks early."
RUN, RESPONSE, ROW = str(UUID(int=2)), str(UUID(int=3)), str(UUID(int=4))
POINT = QUESTION.points[0].id


def score(level: int | None, judge: str, **changes: Any) -> Row:
    quote = {"text": "I led the migration", "seq": 7, "start": 0, "end": 19}
    return {
        "id": str(uuid5(INTERVIEW, judge)),
        "run_id": RUN,
        "response_id": RESPONSE,
        "question_id": ROW,
        "competency": COMPETENCY.id,
        "level": level,
        "null_reason": None if level else "too_little",
        "anchor": COMPETENCY.anchors[level - 1]["en"] if level else "",
        "evidence": [quote] if level else [],
        "key_points_covered": [POINT],
        "missed_points": [],
        "suggested_improvement": None,
        "judge": judge,
        "spread": None,
        "needs_review": False,
        "lineage_id": str(UUID(int=9)),
    } | changes


def parts(*scores: Row, **changes: Any) -> dict[str, Any]:
    """An interview of one answer, scored once more."""
    turn = {
        "type": "turn.closed",
        "turn_id": str(UUID(int=8)),
        "text": SAID,
        "source": "typed",
        "question_id": QUESTION.id,
    }
    call = {
        "id": str(UUID(int=9)),
        "interview_id": str(INTERVIEW),
        "agent_type": "scorer",
        "provider": "anthropic",
        "prompt_hash": "a" * 64,
        "input_hash": "b" * 64,
        "output_hash": "c" * 64,
    }
    response = {
        "id": RESPONSE,
        "question_id": ROW,
        "version": 1,
        "language": "en",
        "response_text": SAID,
        "spans": [{"seq": 7}],
        "is_current": True,
    }
    return {
        "events": [{"seq": 7, "id": str(UUID(int=8)), "type": "turn.closed", "payload": turn}],
        "questions": [{"id": ROW, "question_key": QUESTION.id}],
        "responses": [response],
        "scoring_runs": [{"id": RUN, "reason": "rescore", "status": "completed"}],
        "scores": list(scores),
        "lineage": [call],
        "transcript": [{"seq": 7, "text": SAID}],
    } | changes


def rules(held: dict[str, Any]) -> set[str]:
    before = deepcopy(held)
    found = audit(INTERVIEW, msgspec.to_builtins(PLAN), msgspec.to_builtins(RUBRIC), held)
    assert held == before
    return {fault.rule for fault in found.faults}


def panel(level: int | None, *judges: int | None, **changes: Any) -> dict[str, Any]:
    """What three judges gave, and what their panel says."""
    names = ("m/2", "m/2 judge-2", "m/2 judge-3")
    own = [score(given, name) for given, name in zip(judges, names, strict=False)]
    return parts(score(level, "m/2 panel", **changes), *own)


SOUND: list[dict[str, Any]] = [
    parts(score(4, "m/2")),
    parts(score(1, "m/2", evidence=[])),
    parts(score(None, "m/2")),
    panel(3, 3, 3, 3, spread=0),
    panel(3, 2, 3, 3, spread=1),
    panel(3, 1, 3, 5, spread=4, needs_review=True),
    panel(3, 3, 4, None, spread=1, needs_review=True),
    panel(2, 2, 4, spread=2, needs_review=True),
    panel(None, 4, None, None, needs_review=True),
    panel(None, 4, None, needs_review=True),
    panel(None, None, None, None),
]
UNSOUND: list[tuple[str, dict[str, Any]]] = [
    ("panel_is_no_median", panel(4, 2, 3, 4, spread=2, needs_review=True)),
    ("panel_is_no_median", panel(None, 3, 3, 3, spread=0)),
    ("panel_is_no_median", panel(4, 4, None, None, needs_review=True)),
    ("panel_is_no_median", panel(4, 2, 4, spread=2, needs_review=True)),
    ("panel_spread_differs", panel(3, 2, 3, 3, spread=0)),
    ("panel_spread_differs", panel(3, 3, 3, 3)),
    ("panel_without_review", panel(3, 1, 3, 3, spread=2)),
    ("panel_without_review", panel(3, 3, 3, None, spread=0)),
    ("panel_reason_of_nobody", panel(None, None, None, None, null_reason="off_topic")),
    ("panel_incomplete", panel(3, 3)),
    ("panel_incomplete", parts(score(3, "m/2"), score(3, "m/2 judge-2"))),
    ("level_or_reason", parts(score(4, "m/2", null_reason="too_little"))),
    ("level_or_reason", parts(score(None, "m/2", null_reason=None))),
    ("level_out_of_range", parts({**score(5, "m/2"), "level": 7, "anchor": ""})),
    ("evidence_unreadable", parts(score(4, "m/2", evidence="I led it"))),
    ("level_without_evidence", parts(score(2, "m/2", evidence=[]))),
    ("lineage_missing", parts(score(4, "m/2"), lineage=[])),
]


@pytest.mark.parametrize("held", SOUND)
def test_what_is_sound_is_left_in_peace(held: dict[str, Any]) -> None:
    assert rules(held) == set()


@pytest.mark.parametrize(("rule", "held"), UNSOUND)
def test_what_is_not_is_named(rule: str, held: dict[str, Any]) -> None:
    assert rules(held) == {rule}


def test_a_complete_run_has_a_score_of_every_answer_and_one_that_goes_on_need_not() -> None:
    other = {"id": str(UUID(int=5)), "reason": "rescore", "status": "completed"}
    run = {"id": RUN, "reason": "rescore", "status": "completed"}
    held = parts(score(4, "m/2"), scoring_runs=[run, other])
    assert rules(held) == {"answer_without_score"}
    for status in ("running", "failed"):
        assert rules(parts(score(4, "m/2"), scoring_runs=[run, other | {"status": status}])) == set()


def test_a_plan_that_this_release_cannot_read_is_a_fault() -> None:
    found = audit(INTERVIEW, {"questions": []}, msgspec.to_builtins(RUBRIC), parts(score(4, "m/2")))
    assert [fault.rule for fault in found.faults] == ["plan_unreadable"]
    assert (found.scores, found.quotes) == (1, 1)


def test_what_was_looked_at_is_counted() -> None:
    found = audit(INTERVIEW, msgspec.to_builtins(PLAN), msgspec.to_builtins(RUBRIC), panel(3, 2, 3, 3, spread=1))
    assert (found.scores, found.quotes, found.faults) == (4, 4, ())
