"""Three judges and what they come to: by arithmetic, with each one's own verdict kept, and never a made-up level."""

import asyncio
from uuid import UUID

import msgspec
import pytest

from agents.calls import Call, CallError, Completion, Unavailable, Unreadable
from agents.events import Quote
from agents.judges.judging import VERSION, ModelScorer, name_of
from agents.judges.panel import PANEL, Panel, decided, seated
from agents.rehearsal.scorer import RehearsalScorer
from agents.scoring import NullReason, RubricIncomplete, Score
from storage.database import Database
from tests.agents.doors import ScriptedDoor
from tests.agents.doorway import doorway
from tests.agents.judges.test_judging import COMPETENCY, LATER, POINTS, SAID, TENANT, answer, verdict
from tests.conftest import Person
from tests.emulators.brain import Thought
from tests.emulators.prompt_reading import tagged

GIVEN = answer(SAID, LATER)


def said_by(judge: int, level: int | None, reason: NullReason | None = None, **changes: object) -> Score:
    score = Score(
        competency=COMPETENCY.id,
        level=level,
        null_reason=reason,
        anchor=COMPETENCY.anchors[level - 1]["en"] if level else "",
        evidence=(Quote("I decided", 10, 0, 9),) if level else (),
        covered=tuple(POINTS[:2]),
        missed=tuple(POINTS[2:]),
        suggestion=f"judge {judge}",
        judge=name_of(judge),
        parts={},
        lineage_id=UUID(int=judge + 1),
    )
    return msgspec.structs.replace(score, **changes)


def panel_of(*levels: int | None) -> Score:
    silent: NullReason = "too_little"
    return decided(GIVEN, [said_by(at, level, None if level else silent) for at, level in enumerate(levels)])


def order_of(call: Call) -> str:
    """`12345` for the judge who reads the levels ascending."""
    return "".join(block.attributes["level"] for block in tagged("\n".join(call.system), ["anchor"]))


ORDERS = ("12345", "54321")


def seat(call: Call) -> int:
    return ORDERS.index(order_of(call)) if order_of(call) in ORDERS else 2


def bench(*said: str | CallError) -> ScriptedDoor:
    """A door behind which each of the judges always says the same."""
    return ScriptedDoor(lambda call: [said[seat(call)]])


def panel(door: ScriptedDoor, within_s: float = 5.0) -> Panel:
    return Panel(ModelScorer(door, tenant_id=TENANT), within_s=within_s)


# --- arithmetic ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("levels", "level", "spread", "needs_review"),
    [
        ((3, 3, 3), 3, 0.0, False),
        ((3, 4, 3), 3, 1.0, False),
        ((2, 3, 4), 3, 2.0, True),
        ((5, 1, 5), 5, 4.0, True),
        ((4, 4, 2), 4, 2.0, True),
        ((3, None, 4), 3, 1.0, True),
        ((None, 2, 2), 2, 0.0, True),
        ((None, 5, None), None, None, True),
        ((None, None, None), None, None, False),
        ((2, 4), 2, 2.0, True),
        ((4, 4), 4, 0.0, True),
        ((None, 4), None, None, True),
    ],
)
def test_the_middle_level_counts_where_most_judges_give_one(
    levels: tuple[int | None, ...], level: int | None, spread: float | None, needs_review: bool
) -> None:
    score = panel_of(*levels)
    assert (score.level, score.spread, score.needs_review) == (level, spread, needs_review)
    assert (score.level is None) == (score.null_reason is not None)
    assert score.anchor == (COMPETENCY.anchors[level - 1]["en"] if level else "")
    assert [each.level for each in score.judges] == list(levels)
    assert (score.judge, score.lineage_id) == (PANEL, None)


def test_one_judge_alone_decides_nothing() -> None:
    with pytest.raises(ValueError, match="at least two"):
        decided(GIVEN, [said_by(0, 3)])


def test_the_reason_for_no_level_is_that_of_most_judges() -> None:
    most: tuple[NullReason, ...] = ("off_topic", "too_little", "too_little")
    assert decided(GIVEN, [said_by(at, None, each) for at, each in enumerate(most)]).null_reason == "too_little"
    each_its_own: tuple[NullReason, ...] = ("off_topic", "not_answered", "too_little")
    assert decided(GIVEN, [said_by(at, None, each) for at, each in enumerate(each_its_own)]).null_reason == "off_topic"


def test_quotes_are_those_of_the_judges_who_gave_that_level_and_points_those_of_most() -> None:
    first, second, third = Quote("a", 10, 0, 9), Quote("b", 10, 20, 30), Quote("c", 11, 0, 4)
    inside = Quote("d", 10, 22, 28)
    score = decided(
        GIVEN,
        [
            said_by(0, 3, evidence=(second,), covered=(POINTS[0],), suggestion=None),
            said_by(1, 5, evidence=(third,), covered=(POINTS[0], POINTS[1])),
            said_by(2, 3, evidence=(inside, first), covered=(POINTS[3], POINTS[1])),
        ],
    )
    assert score.evidence == (first, second)
    assert (score.covered, score.missed) == ((POINTS[0], POINTS[1]), (POINTS[2], POINTS[3]))
    assert score.suggestion == "judge 2"


def test_what_one_judge_finds_worth_a_look_is() -> None:
    scores = [said_by(0, 3), said_by(1, 3, needs_review=True), said_by(2, 3)]
    assert decided(GIVEN, scores).needs_review


# --- asking ----------------------------------------------------------------------------------------------------


async def test_three_judges_are_asked_at_once_each_with_the_rubric_in_another_order() -> None:
    met = asyncio.Barrier(3)

    class Meeting(ScriptedDoor):
        async def complete(self, call: Call) -> Completion:
            async with asyncio.timeout(20):
                await met.wait()
            return await super().complete(call)

    door = Meeting(lambda call: [verdict(level=2 + seat(call), anchor=2 + seat(call))])
    (score,) = await panel(door, 60.0).score(GIVEN)
    assert (score.level, score.spread, score.needs_review) == (3, 2.0, True)
    assert [each.level for each in score.judges] == [2, 3, 4]
    assert [each.judge for each in score.judges] == [VERSION, f"{VERSION} judge-2", f"{VERSION} judge-3"]
    assert all(each.lineage_id is not None for each in score.judges)
    assert len({order_of(call) for call in door.calls}) == 3
    assert len({call.request_id for call in door.calls}) == 3
    assert len({call.messages for call in door.calls}) == 1


@pytest.mark.parametrize(
    "failing", ["{", verdict(level=7, anchor=7), Unavailable("it refused"), Unreadable("cut off twice")]
)
async def test_two_judges_decide_where_one_fails_and_somebody_should_look(failing: str | CallError) -> None:
    said: list[str | CallError] = [verdict(), failing, verdict(level=4, anchor=4)]
    (score,) = await panel(bench(*said)).score(GIVEN)
    assert (score.level, score.spread, score.needs_review) == (3, 1.0, True)
    assert [each.judge for each in score.judges] == [name_of(0), name_of(2)]


async def test_a_judge_who_does_not_answer_in_time_keeps_nobody_waiting() -> None:
    class Stalling(ScriptedDoor):
        async def complete(self, call: Call) -> Completion:
            if seat(call) == 0:
                await asyncio.Event().wait()
            return await super().complete(call)

    (score,) = await panel(Stalling(lambda _call: [verdict()]), 0.5).score(GIVEN)
    assert (score.level, len(score.judges), score.needs_review) == (3, 2, True)


async def test_where_two_judges_fail_there_is_no_level_and_the_task_runs_again() -> None:
    with pytest.raises(Unavailable, match="it refused"):
        await panel(bench(Unavailable("it refused"), verdict(), "{")).score(GIVEN)


async def test_nobody_is_asked_about_an_answer_without_words_or_by_a_rubric_without_levels() -> None:
    door = bench(verdict(), verdict(), verdict())
    (score,) = await panel(door).score(answer("", " "))
    assert (score.level, score.null_reason, score.judges, door.calls) == (None, "not_answered", (), [])
    anchors = ({"en": "", "es": ""}, *COMPETENCY.anchors[1:])
    competency = msgspec.structs.replace(COMPETENCY, anchors=anchors)
    with pytest.raises(RubricIncomplete):
        await panel(door).score(msgspec.structs.replace(GIVEN, competency=competency))
    assert door.calls == []


def test_only_a_plan_that_asks_for_three_judges_by_model_gets_them() -> None:
    scorer = ModelScorer(bench(), tenant_id=TENANT)
    assert seated(scorer, 1) is scorer
    assert isinstance(seated(scorer, 3), Panel)
    rehearsal = RehearsalScorer()
    assert seated(rehearsal, 3) is rehearsal


async def test_a_panel_through_the_vendors_own_client_has_a_lineage_for_each_judge(
    database: Database, tenant: Person
) -> None:
    async with doorway(database, tenant, accounts="anthropic") as way:
        way.mind.scripted.extend([Thought("{"), Thought("no", "refusal")])
        given = msgspec.structs.replace(GIVEN, interview_id=way.interview_id)
        (score,) = await Panel(ModelScorer(way.models, tenant_id=tenant.tenant_id)).score(given)
        rows = {row.id: row for row in await way.rows()}
        assert {each.lineage_id for each in score.judges} <= set(rows)
        assert len(score.judges) == 2
        assert score.needs_review
        assert "refused" in {row.metadata["outcome"] for row in rows.values()}
        assert len({row.prompt_hash for row in rows.values()}) == 3
