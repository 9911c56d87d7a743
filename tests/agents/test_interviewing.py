"""The interviewer by model: it is asked where there is something to say, and what it says is held within bounds."""

from uuid import UUID

import pytest

from agents.briefing import ANSWER_WORDS, LEAD_WORDS, REPLY
from agents.calls import BrokeOff, BudgetSpent, Call, CallError, Unavailable
from agents.drafting import brief_of
from agents.events import Kind
from agents.interviewing import VERSION, ModelInterviewer
from agents.offers import Brief
from agents.rehearsal import RehearsalInterviewer
from agents.reply import Draft, Reply
from tests.agents.doors import ScriptedDoor, says, thinking
from tests.agents.sitting import Sitting
from tests.emulators.brain import Mind

ANSWER = "We moved the tables one by one, and it took two weeks."
TENANT, INTERVIEW, NAME = UUID(int=1), UUID(int=2), UUID(int=3)


def brief(kind: Kind = "practice", said: str = ANSWER, question: str = "q3") -> Brief:
    sitting = Sitting(kind=kind)
    sitting.reaches(question)
    sitting.says(said)
    return brief_now(sitting, said)


def brief_now(sitting: Sitting, said: str) -> Brief:
    owed = sitting.offer
    assert owed is not None
    return brief_of(sitting.plan, sitting.state, owed, sitting.log, said=said)


class Desk:
    """An interviewer with what it reported."""

    def __init__(self, door: ScriptedDoor) -> None:
        self.door = door
        self.causes: list[CallError] = []
        self.recoveries = 0
        self.interviewer = ModelInterviewer(
            door,
            RehearsalInterviewer(),
            tenant_id=TENANT,
            interview_id=INTERVIEW,
            on_fallback=self.causes.append,
            on_recovery=self._recover,
            ids=lambda: NAME,
        )

    def _recover(self) -> None:
        self.recoveries += 1

    async def writes(self, brief: Brief) -> str:
        return "".join([piece async for piece in self.interviewer.write(brief)])

    async def says(self, brief: Brief) -> Reply:
        """The reply as the candidate hears it."""

        async def keep(*_decided: object) -> bool:
            return True

        reply = Reply(UUID(int=4), Draft((0, ""), brief.offer, self.interviewer, brief), "none", keep)
        assert "".join([words async for words in reply.stream()]) == reply.said
        return reply


async def test_the_header_passes_as_it_is_and_the_question_follows_to_the_letter() -> None:
    asked = brief()
    desk = Desk(says("next", " q4\nThank you, two weeks", " it was."))
    reply = await desk.says(asked)
    assert reply.choice == asked.offer.default
    assert reply.said == f"Thank you, two weeks it was. {asked.offer.default.text}"
    assert reply.fell_back is None


async def test_a_probe_in_practice_is_worded_by_the_model() -> None:
    reply = await Desk(says("probe q3 q3.own_part\nTwo weeks. Which part was in your hands? More?")).says(brief())
    assert reply.said == "Two weeks. Which part was in your hands?"


async def test_a_probe_in_a_screening_is_asked_in_the_plans_words() -> None:
    asked = brief("screening")
    reply = await Desk(says("probe q3 q3.own_part\nTwo weeks. And which part was in your hands?")).says(asked)
    choice = asked.offer.named("probe q3 q3.own_part")
    assert choice is not None
    assert reply.said == f"Two weeks. {choice.text}"


async def test_the_candidate_is_told_which_question_is_the_last_whoever_writes() -> None:
    sitting = Sitting()
    sitting.reaches(sitting.plan.questions[-2].id)
    sitting.says(ANSWER)
    asked = brief_now(sitting, ANSWER)
    last = asked.offer.default
    reply = await Desk(says(f"{last.header}\nTwo weeks, then. Here is the last question. ")).says(asked)
    assert reply.said == f"Two weeks, then. Here is the last question. {last.text}"


@pytest.mark.parametrize("words", ["Thank you.", "", "Thank you. What is your favourite food?", "Great answer!"])
async def test_a_probe_that_asks_nothing_is_asked_in_the_directors_words(words: str) -> None:
    asked = brief()
    choice = asked.offer.named("probe q3 q3.result")
    assert choice is not None
    reply = await Desk(says(f"probe q3 q3.result\n{words}")).says(asked)
    assert reply.said == f"Thank you. {choice.text}"


@pytest.mark.parametrize("header", ["next q7", "closing", "probe q3 q3.nothing", "Sure! next q4", "", "x" * 500])
async def test_a_header_that_is_not_offered_leaves_the_director_its_default(header: str) -> None:
    asked = brief()
    desk = Desk(says(f"{header}\n", *["Thank you and goodbye. "] * 50))
    reply = await desk.says(asked)
    assert reply.choice == asked.offer.default
    assert reply.said == asked.offer.default.wording
    assert reply.fell_back is not None
    assert desk.door.closed_early == 1


async def test_what_is_not_needed_any_more_is_not_waited_for() -> None:
    desk = Desk(says("next q4\nThank you. ", "I see. ", *["And so on. "] * 50))
    assert (await desk.writes(brief())) == "next q4\nThank you. I see."
    assert desk.door.closed_early == 1


@pytest.mark.parametrize("cause", [BudgetSpent("spent"), Unavailable("none")])
async def test_without_a_model_the_rehearsal_interviewer_writes_and_it_is_told(cause: CallError) -> None:
    asked = brief()
    desk = Desk(says(cause))
    expected = "".join([piece async for piece in RehearsalInterviewer().write(asked)])
    assert await desk.writes(asked) == expected
    assert desk.causes == [cause]
    assert desk.recoveries == 0


async def test_a_model_that_is_back_is_told_of_once() -> None:
    answers: list[list[str | Exception]] = [[Unavailable("none")], ["next q4\nI see."], ["next q4\nI see."]]
    desk = Desk(ScriptedDoor(lambda _call: answers.pop(0)))
    for _ in range(3):
        await desk.writes(brief())
    assert (len(desk.causes), desk.recoveries) == (1, 1)


async def test_a_model_that_breaks_off_is_finished_in_the_directors_words() -> None:
    asked = brief()
    reply = await Desk(says("next q4\nThank you. And th", BrokeOff("gone"))).says(asked)
    assert reply.said == f"Thank you. {asked.offer.default.text}"
    assert reply.fell_back == "broke_off:BrokeOff"


@pytest.mark.parametrize("phase", ["greeting", "consent", "warm_up", "repeat", "hint", "nudge", "closing"])
async def test_what_is_the_directors_alone_asks_no_model(phase: str) -> None:
    sitting = Sitting()
    sitting.joins()
    if phase != "greeting":
        sitting.replies()
        sitting.says("Hm, what?")
    if phase not in ("greeting", "consent"):
        sitting.presses("consent")
    if phase not in ("greeting", "consent", "warm_up"):
        sitting.replies()
        sitting.says(ANSWER)
        sitting.replies()
    match phase:
        case "repeat" | "hint":
            sitting.presses("repeat" if phase == "repeat" else "hint")
        case "nudge":
            sitting.waits(60_000)
        case "closing":
            sitting.presses("end")
    asked = brief_now(sitting, said="")
    desk = Desk(says("next q4\nNo."))
    reply = await desk.says(asked)
    assert asked.offer.default.kind == phase
    assert reply.said == asked.offer.default.wording
    assert desk.door.calls == []


async def test_a_request_that_is_drafted_for_asks_no_model_either() -> None:
    sitting = Sitting()
    sitting.reaches("q3")
    sitting.says("Could you repeat that?")
    desk = Desk(says("next q4\nNo."))
    await desk.writes(brief_now(sitting, said="Could you repeat that?"))
    assert desk.door.calls == []


async def test_the_call_is_for_a_candidate_who_waits() -> None:
    desk = Desk(says("next q4\nI see."))
    await desk.writes(brief("screening"))
    (call,) = desk.door.calls
    assert (call.task, call.tier, call.effort, call.priority) == ("reply", "fast", "low", "live")
    assert (call.prompt_name, call.prompt_version) == ("reply", REPLY.version)
    assert (call.tenant_id, call.interview_id, call.request_id) == (TENANT, INTERVIEW, f"reply/{NAME}")
    assert call.max_tokens <= 220
    assert call.messages[-1].role == "user"
    assert f"{LEAD_WORDS} words" in call.system[0]
    assert f"{ANSWER_WORDS} words" in call.system[0]
    assert REPLY.version in VERSION
    assert REPLY.tier in VERSION


async def test_what_a_provider_may_keep_is_the_same_from_turn_to_turn() -> None:
    calls: list[Call] = []
    for words in (ANSWER, "It was something else."):
        desk = Desk(says("next q4\nI see."))
        await desk.writes(brief(said=words))
        calls += desk.door.calls
    assert calls[0].system == calls[1].system
    assert calls[0].messages != calls[1].messages
    other = Desk(says("next q5\nI see."))
    await other.writes(brief(question="q4"))
    assert other.door.calls[0].system[0] == calls[0].system[0]
    assert other.door.calls[0].system[1] != calls[0].system[1]


async def test_a_draft_and_the_turn_it_was_for_ask_the_same() -> None:
    sitting = Sitting()
    sitting.reaches("q3")
    before = list(sitting.log)
    sitting.says(ANSWER)
    closed = brief_now(sitting, ANSWER)
    owed = sitting.offer
    assert owed is not None
    ahead = brief_of(sitting.plan, sitting.state, owed, before, said=ANSWER)
    interviewer = Desk(says("")).interviewer
    assert interviewer.call(ahead) == interviewer.call(closed)


@pytest.mark.parametrize("kind", ["practice", "screening"])
@pytest.mark.parametrize("choose", [0, "probe", -1])
async def test_a_whole_interview_runs_through_a_plain_model(kind: Kind, choose: int | str) -> None:
    sitting = Sitting(kind=kind)
    desk = Desk(thinking(Mind(choose=choose)))
    sitting.joins()
    said = 0
    while sitting.ended() is None:
        asked = brief_now(sitting, sitting.state.said)
        reply = await desk.says(asked)
        assert reply.fell_back is None
        assert reply.choice is not None
        assert reply.choice.text in reply.said or not reply.choice.verbatim
        reply_id = sitting.decides(reply.choice)
        assert reply_id is not None
        sitting.hears(reply_id)
        said += 1
        assert said < 100
        if sitting.ended() is None:
            sitting.says("Yes." if sitting.phase() == "consent" else ANSWER if said < 60 else "No, nothing more.")
    assert sitting.ended() == "completed"
