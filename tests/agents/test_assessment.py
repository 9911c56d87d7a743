"""From the log to kept scores: what a scorer is shown, and what is kept of what it says."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import pytest

from agents import director
from agents.assessment import score_answers, write_report
from agents.calls import Call, Unavailable
from agents.events import ScoreGiven, SpeechFinal, Word
from agents.judges.judging import VERSION, ModelScorer
from agents.judges.masking import UNHEARD
from agents.judges.panel import PANEL
from agents.library import load_library
from agents.library.keeping import records_of
from agents.plans import Plan
from agents.rehearsal.scorer import RehearsalScorer
from agents.scoring import Answer, RubricIncomplete, Score, Scorer, rubric_of
from server.carrying.verification import verify
from server.services import import_library
from storage import plans, scores
from storage.database import Database
from storage.lineage import lineage_of
from tests.agents.doors import ScriptedDoor
from tests.agents.judges.test_judging import verdict
from tests.agents.judges.test_panel import seat
from tests.agents.kept import keep, log_of
from tests.agents.rehearsal.answers import GOOD
from tests.agents.sitting import PLAN, Sitting
from tests.conftest import Person
from tests.emulators.prompt_reading import tagged
from tests.server.serving import Clock

SAID = "I moved the tables one by one and told the others each morning how far I was with it."
LIBRARY = load_library()


class Watched:
    """The rehearsal scorer, which remembers what it was shown."""

    version = RehearsalScorer.version
    kind = RehearsalScorer.kind

    def __init__(self) -> None:
        self.shown: list[Answer] = []

    async def score(self, answer: Answer) -> tuple[Score, ...]:
        self.shown.append(answer)
        return await RehearsalScorer().score(answer)


class Desk:
    """One person's interviews and whoever scores them."""

    def __init__(self, database: Database, person: Person) -> None:
        self.database = database
        self.person = person
        self.clock = Clock()

    async def offers(self, plan: Plan, rubric: object = None) -> None:
        """Keeps a plan of the person's own, with the rubric it names or another document in its place."""
        new_plan, new_rubric = records_of(plan, LIBRARY.rubrics[plan.rubric], "workshop")
        if rubric is not None:
            new_rubric = msgspec.structs.replace(new_rubric, body=rubric, content_hash=plans.content_hash(rubric))
        async with self.database.tenant(self.person.tenant_id) as connection:
            await plans.keep_plan(connection, new_plan, new_rubric)

    async def keeps(self, sitting: Sitting) -> UUID:
        return await keep(self.database, self.person, sitting, self.clock)

    async def scored(self, interview_id: UUID, scorer: Scorer) -> list[ScoreGiven]:
        await score_answers(
            self.database, self.person.tenant_id, interview_id, lambda _tenant, _version: scorer, self.clock
        )
        return await self.given(interview_id)

    async def given(self, interview_id: UUID) -> list[ScoreGiven]:
        log = await log_of(self.database, self.person, interview_id)
        return [event.payload for event in log if isinstance(event.payload, ScoreGiven)]

    async def rows(self, interview_id: UUID) -> list[scores.Score]:
        async with self.database.tenant(self.person.tenant_id) as connection:
            return await scores.scores_of(connection, interview_id)

    def models(self, door: ScriptedDoor) -> ModelScorer:
        return ModelScorer(door, tenant_id=self.person.tenant_id)


@pytest.fixture
async def desk(database: Database, tenant: Person) -> Desk:
    await import_library(database, LIBRARY)
    return Desk(database, tenant)


def spoken(sitting: Sitting, text: str, *unsure: str) -> None:
    """The candidate says so, and of some words the recogniser is not sure."""
    words = tuple(
        Word(word, 1_000 + 100 * at, 1_090 + 100 * at, 0.2 if word.strip(".") in unsure else 0.97)
        for at, word in enumerate(text.split())
    )
    sitting.orders(SpeechFinal(utterance_id=uuid4(), text=text, confidence=0.9, words=words), "candidate")
    sitting.does(director.Turn(uuid4(), text, "speech", finals=(sitting.log[-1].seq,)))


def answered(text: str, plan: Plan = PLAN) -> Sitting:
    sitting = Sitting(plan)
    sitting.reaches("q1")
    sitting.says(text)
    sitting.replies("next")
    return sitting


async def test_a_word_that_was_hardly_heard_reaches_no_scorer_and_no_quote(desk: Desk) -> None:
    sitting = Sitting()
    sitting.reaches("q1")
    spoken(sitting, GOOD[PLAN.slug, "q1", "en"], "week", "meeting")
    sitting.replies("next")
    scorer = Watched()
    interview_id = await desk.keeps(sitting)
    (given,) = await desk.scored(interview_id, scorer)
    shown = " ".join(turn.text for turn in scorer.shown[0].turns)
    assert (UNHEARD in shown) == any(word in GOOD[PLAN.slug, "q1", "en"].split() for word in ("week", "meeting"))
    assert given.level is not None
    assert given.evidence
    assert all(quote.from_ms is not None and quote.to_ms is not None for quote in given.evidence)
    assert all(UNHEARD not in quote.text for quote in given.evidence)


async def test_of_an_answer_that_was_hardly_heard_no_scorer_is_asked(desk: Desk) -> None:
    sitting = Sitting()
    sitting.reaches("q1")
    spoken(sitting, "I moved the tables one by one", "moved", "tables", "by")
    sitting.replies("next")
    scorer = Watched()
    interview_id = await desk.keeps(sitting)
    (given,) = await desk.scored(interview_id, scorer)
    assert scorer.shown == []
    assert (given.level, given.null_reason, given.needs_review) == (None, "uncertain_transcript", True)
    (row,) = await desk.rows(interview_id)
    assert (row.level, row.null_reason, row.needs_review) == (None, "uncertain_transcript", True)
    assert row.lineage_id is not None


async def test_the_candidates_name_reaches_no_scorer(desk: Desk) -> None:
    async with desk.database.tenant(desk.person.tenant_id) as connection:
        await connection.execute("update identity.memberships set display_name = 'Zofia Wiśniewska'")
    scorer = Watched()
    interview_id = await desk.keeps(answered(f"Wiśniewska here. {SAID}"))
    await desk.scored(interview_id, scorer)
    assert "niewska" not in str(scorer.shown)


async def test_a_plan_that_asks_for_three_judges_keeps_what_each_said_beside_what_they_came_to(desk: Desk) -> None:
    plan = msgspec.structs.replace(PLAN, judges=3)
    await desk.offers(plan)
    interview_id = await desk.keeps(answered(SAID, plan))

    def said(call: Call) -> list[str]:
        level = (2, 3, 5)[seat(call)]
        seq = int(tagged(call.messages[0].text, ["turn"])[0].attributes["seq"])
        quotes = [{"seq": seq, "text": "I moved the tables one by one"}]
        return [verdict(level=level, anchor=level, quotes=quotes, covered=[], missed=[])]

    (given,) = await desk.scored(interview_id, desk.models(ScriptedDoor(said)))
    assert (given.scorer, given.level, given.spread, given.needs_review) == (PANEL, 3, 3.0, True)
    rows = {row.judge: row for row in await desk.rows(interview_id)}
    assert {name: row.level for name, row in rows.items()} == {
        PANEL: 3,
        VERSION: 2,
        f"{VERSION} judge-2": 3,
        f"{VERSION} judge-3": 5,
    }
    assert (rows[PANEL].spread, rows[PANEL].needs_review) == (3.0, True)
    assert all(row.lineage_id is not None for row in rows.values())
    kept = [each async for each in verify(desk.database, [interview_id])]
    assert [each.differences for each in kept] == [()]
    async with desk.database.tenant(desk.person.tenant_id) as connection:
        names = {row.model_name for row in await lineage_of(connection, interview_id)}
    assert VERSION in names


async def test_one_judge_is_asked_where_the_plan_says_nothing_of_it(desk: Desk) -> None:
    door = ScriptedDoor(lambda _call: [verdict(quotes=[], level=1, anchor=1)])
    interview_id = await desk.keeps(answered(SAID))
    (given,) = await desk.scored(interview_id, desk.models(door))
    assert (given.scorer, given.spread, len(door.calls)) == (VERSION, None, 1)
    assert [row.judge for row in await desk.rows(interview_id)] == [VERSION]


async def test_judges_who_fail_give_no_level_and_in_the_end_the_report_says_so(desk: Desk) -> None:
    plan = msgspec.structs.replace(PLAN, judges=3)
    await desk.offers(plan)
    sitting = answered(SAID, plan)
    sitting.presses("skip")
    sitting.presses("end")
    sitting.replies()
    interview_id = await desk.keeps(sitting)
    with pytest.raises(Unavailable):
        await desk.scored(interview_id, desk.models(ScriptedDoor(lambda _call: [Unavailable("none")])))
    assert await desk.given(interview_id) == []
    desk.clock.forward(timedelta(minutes=2))
    await write_report(
        desk.database, desk.person.tenant_id, interview_id, desk.clock, give_up_after=timedelta(minutes=1)
    )
    assert {(fact.level, fact.null_reason) for fact in await desk.given(interview_id)} == {(None, "timed_out")}


@pytest.mark.parametrize(
    ("anchors", "level"),
    [(lambda all_: all_[:4], 5), (lambda all_: all_[:0], 1), (lambda all_: [*all_[:2], None, *all_[3:]], 3)],
    ids=["one too few", "none", "a hole"],
)
def test_a_rubric_that_was_kept_without_a_level_is_named(
    anchors: Callable[[list[object]], list[object]], level: int
) -> None:
    whole = LIBRARY.rubrics[PLAN.rubric]
    body = msgspec.to_builtins(whole)
    assert rubric_of(body) == whole
    body["competencies"][1]["anchors"] = anchors(body["competencies"][1]["anchors"])
    with pytest.raises(RubricIncomplete) as raised:
        rubric_of(body)
    assert (raised.value.competency, raised.value.level) == (whole.competencies[1].id, level)


def test_what_is_no_rubric_at_all_is_called_so() -> None:
    with pytest.raises(msgspec.ValidationError):
        rubric_of({"competencies": 3})


async def test_by_a_rubric_that_lacks_a_level_nobody_is_judged(desk: Desk) -> None:
    body = msgspec.to_builtins(LIBRARY.rubrics[PLAN.rubric])
    asked = PLAN.question("q1").competency
    for competency in body["competencies"]:
        if competency["id"] == asked:
            competency["anchors"] = competency["anchors"][:4]
    await desk.offers(PLAN, body)
    interview_id = await desk.keeps(answered(SAID))
    scorer = Watched()
    with pytest.raises(RubricIncomplete, match=f"'{asked}' has no words for level 5"):
        await desk.scored(interview_id, scorer)
    assert scorer.shown == []
