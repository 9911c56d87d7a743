"""What follows from what: each input of the design, in each phase where it means something."""

from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace

from agents import director, events
from agents.director import WrongPhaseError
from tests.agents.sitting import PLAN, Sitting


def of(facts: Any, kind: type) -> list[Any]:
    return [fact for fact in facts if isinstance(fact, kind)]


@pytest.fixture
def sitting() -> Sitting:
    return Sitting()


def test_an_interview_goes_through_every_phase_to_its_end(sitting: Sitting) -> None:
    sitting.joins()
    sitting.replies()
    assert sitting.phase() == "consent"
    sitting.says("Yes, I agree.")
    sitting.replies()
    assert sitting.phase() == "warm_up"
    sitting.says("I build tables and chairs.")
    for number in range(len(PLAN.questions)):
        sitting.replies("next")
        assert (sitting.phase(), sitting.state.open) == ("questions", PLAN.questions[number].id)
        sitting.says("We were four people. I led it, and it saved 20 % in a month.")
    sitting.replies("next")
    assert sitting.phase() == "candidate_questions"
    sitting.says("No, thank you.")
    assert sitting.phase() == "closing"
    sitting.replies()
    assert sitting.ended() == "completed"
    assert len(sitting.facts(events.AnswerClosed)) == len(PLAN.questions)


def test_the_greeting_asks_for_consent_in_the_language_of_the_interview() -> None:
    sitting = Sitting(language="es")
    sitting.joins()
    assert sitting.offer is not None
    assert "¿Estás de acuerdo en seguir?" in sitting.offer.default.wording


def test_a_spoken_interview_says_that_speech_becomes_text() -> None:
    sitting = Sitting(channel="voice")
    sitting.joins()
    assert sitting.offer is not None
    assert sitting.offer.default.text.startswith("What you say is turned into text and kept")
    sitting.replies()
    given = of(sitting.presses("consent"), events.ConsentGiven)
    assert given[0].wording.startswith("What you say is turned into text and kept")


def test_consent_is_asked_again_until_it_is_a_yes_or_a_no(sitting: Sitting) -> None:
    sitting.joins()
    sitting.replies()
    sitting.says("What do you do with the recording?")
    assert sitting.offer is not None
    assert sitting.offer.default.kind == "consent"
    sitting.replies()
    given = of(sitting.says("ok then, yes"), events.ConsentGiven) or of(sitting.says("yes"), events.ConsentGiven)
    assert given[0].wording


def test_without_consent_nothing_is_asked_and_the_interview_ends(sitting: Sitting) -> None:
    sitting.joins()
    sitting.replies()
    sitting.says("No, I do not agree.")
    sitting.replies()
    assert sitting.ended() == "declined"
    assert not sitting.facts(events.QuestionAsked)


def test_a_question_counts_when_sixty_percent_of_it_was_heard(sitting: Sitting) -> None:
    sitting.reaches("q1")
    sitting.says("An answer.")
    sitting.replies("next", share=0.59)
    assert sitting.state.open == "q1"
    sitting.replies("next", share=0.6)
    assert sitting.state.open == "q2"
    assert [fact.question_id for fact in of(sitting.facts(events.QuestionAsked), events.QuestionAsked)] == ["q1", "q2"]


def test_words_that_interrupt_a_question_before_it_counts_belong_to_the_answer_before(sitting: Sitting) -> None:
    sitting.reaches("q1")
    sitting.says("First half.")
    sitting.replies("next", share=0.2)
    facts = sitting.says("And this too.")
    assert of(facts, events.TurnClosed)[0].question_id == "q1"
    assert sitting.state.question("q1").turns == ("First half.", "And this too.")


def test_an_answer_closes_when_the_next_question_counts(sitting: Sitting) -> None:
    sitting.reaches("q1")
    assert not sitting.facts(events.AnswerClosed)
    sitting.says("An answer.")
    facts = sitting.replies("next")
    assert of(facts, events.AnswerClosed) == [events.AnswerClosed(question_id="q1", version=1)]


def test_later_words_reopen_an_answer_as_its_next_version(sitting: Sitting) -> None:
    sitting.reaches("q2")
    facts = sitting.says("I forgot: it also cut the costs by half.", question_id="q1")
    assert of(facts, events.AnswerReopened) == [events.AnswerReopened(question_id="q1", version=2)]
    assert of(facts, events.AnswerClosed) == [events.AnswerClosed(question_id="q1", version=2)]
    assert sitting.offer is not None
    assert sitting.offer.default.kind == "addition"
    facts = sitting.replies()
    assert of(facts, events.QuestionRepeated)[0].question_id == "q2"
    assert sitting.state.open == "q2"


def test_words_for_a_question_that_was_never_asked_are_refused(sitting: Sitting) -> None:
    sitting.reaches("q1")
    with pytest.raises(WrongPhaseError, match="q5"):
        sitting.says("Something.", question_id="q5")


def test_probes_are_offered_up_to_the_most_allowed(sitting: Sitting) -> None:
    sitting.reaches("q1")
    question = PLAN.question("q1")
    for _ in range(question.max_probes):
        sitting.says("Some words.")
        sitting.replies("probe")
    sitting.says("Some more words.")
    assert sitting.offer is not None
    assert [choice.kind for choice in sitting.offer.choices] == ["next"]
    assert len(sitting.facts(events.ProbeAsked)) == question.max_probes


def test_no_probe_is_offered_once_the_time_for_a_question_is_up(sitting: Sitting) -> None:
    sitting.reaches("q1")
    sitting.at_ms += PLAN.question("q1").seconds * 1000
    sitting.says("A long answer.")
    assert sitting.offer is not None
    assert [choice.kind for choice in sitting.offer.choices] == ["next"]


def test_a_repeat_is_never_a_second_asking(sitting: Sitting) -> None:
    sitting.reaches("q1")
    sitting.presses("repeat")
    facts = sitting.replies()
    assert of(facts, events.QuestionRepeated)
    assert not of(facts, events.QuestionAsked)
    assert len(sitting.facts(events.QuestionAsked)) == 1


@pytest.mark.parametrize("asked", ["Could you repeat the question, please?", "¿Puedes repetir la pregunta?"])
def test_a_repeat_can_be_asked_for_in_words(sitting: Sitting, asked: str) -> None:
    sitting.reaches("q1")
    sitting.says(asked)
    assert sitting.state.question("q1").turns == ()
    assert sitting.offer is not None
    assert sitting.offer.default.kind == "repeat"


def test_hints_are_given_in_order_and_then_there_are_none(sitting: Sitting) -> None:
    sitting.reaches("q1")
    hints = PLAN.question("q1").hints
    for hint in hints:
        sitting.presses("hint")
        assert sitting.offer is not None
        assert sitting.offer.default.text == hint["en"]
        sitting.replies()
    assert "hint" not in director.may(PLAN, sitting.state)
    with pytest.raises(WrongPhaseError):
        sitting.presses("hint")


def test_a_screening_gives_no_hints() -> None:
    sitting = Sitting(kind="screening")
    sitting.reaches("q1")
    assert "hint" not in director.may(PLAN, sitting.state)


def test_a_skipped_question_is_left_and_its_answer_closes(sitting: Sitting) -> None:
    sitting.reaches("q2")
    facts = sitting.presses("skip")
    assert of(facts, events.QuestionSkipped) == [events.QuestionSkipped(question_id="q2", by="candidate")]
    assert of(facts, events.AnswerClosed) == [events.AnswerClosed(question_id="q2", version=1)]
    sitting.replies()
    assert sitting.state.open == "q3"


def test_skipping_while_the_next_question_was_cut_short_skips_that_one(sitting: Sitting) -> None:
    sitting.reaches("q1")
    sitting.says("My answer.")
    sitting.replies("next", share=0.1)
    facts = sitting.presses("skip")
    assert of(facts, events.AnswerClosed) == [events.AnswerClosed(question_id="q1", version=1)]
    assert of(facts, events.QuestionSkipped) == [events.QuestionSkipped(question_id="q2", by="candidate")]
    sitting.replies()
    assert sitting.state.open == "q3"


def test_moving_on_from_a_question_that_was_answered_does_not_call_it_skipped(sitting: Sitting) -> None:
    sitting.reaches("q1")
    sitting.says("My answer.")
    sitting.replies("probe")
    facts = sitting.presses("skip")
    assert not of(facts, events.QuestionSkipped)
    sitting.replies()
    assert (sitting.state.question("q1").state, sitting.state.open) == ("closed", "q2")


def test_a_pause_stops_every_timer_until_it_is_over(sitting: Sitting) -> None:
    sitting.reaches("q1")
    sitting.presses("pause")
    assert director.due(sitting.state) is None
    assert director.may(PLAN, sitting.state) == ("resume", "end")
    sitting.presses("resume")
    facts = sitting.replies()
    assert of(facts, events.QuestionRepeated)[0].question_id == "q1"


def test_an_answer_during_a_pause_ends_the_pause_and_is_kept(sitting: Sitting) -> None:
    sitting.reaches("q1")
    sitting.presses("pause")
    facts = sitting.says("Actually, I have it now: we shipped it in May.")
    assert isinstance(facts[0], events.InterviewResumed)
    assert sitting.state.question("q1").turns


def test_the_language_can_change_and_the_question_is_said_in_the_new_one(sitting: Sitting) -> None:
    sitting.reaches("q1")
    sitting.presses("language", "es")
    assert sitting.offer is not None
    assert sitting.offer.default.text == PLAN.question("q1").text["es"]
    sitting.replies()
    sitting.says("Can we switch to English?")
    assert sitting.state.language == "en"


def test_silence_brings_a_nudge_then_an_offer_to_move_on_then_the_next_question(sitting: Sitting) -> None:
    sitting.reaches("q1")
    kinds = []
    for _ in range(2):
        sitting.waits(60_000)
        assert sitting.offer is not None
        kinds.append(sitting.offer.default.kind)
        sitting.replies()
    assert kinds == ["nudge", "move_on"]
    facts = sitting.waits(60_000)
    assert of(facts, events.QuestionSkipped) == [events.QuestionSkipped(question_id="q1", by="silence")]
    sitting.replies()
    assert sitting.state.open == "q2"


def test_a_candidate_who_is_silent_twice_in_a_row_is_waited_for(sitting: Sitting) -> None:
    sitting.reaches("q1")
    for _ in range(6):
        sitting.waits(60_000)
        sitting.replies()
    assert sitting.state.paused
    assert sitting.state.open == "q2"


def test_somebody_who_asks_for_a_moment_is_not_nudged_at_the_next_silence(sitting: Sitting) -> None:
    sitting.reaches("q1")
    sitting.says("Let me think")
    sitting.replies()
    kinds = []
    for _ in range(2):
        sitting.waits(60_000)
        kinds.append(sitting.offer.default.kind if sitting.offer is not None else None)
    assert kinds == [None, "nudge"]


def test_patience_changes_how_long_silence_may_last() -> None:
    windows = []
    for patience, voice in (("short", "text"), ("normal", "text"), ("long", "text"), ("normal", "voice")):
        state = Sitting().state
        waiting = replace(state, present=True, phase="questions", patience=patience, channel=voice)
        windows.append(director.due(waiting))
    assert windows == [36_000, 60_000, 120_000, 12_000]


def test_typing_keeps_silence_away(sitting: Sitting) -> None:
    sitting.reaches("q1")
    sitting.at_ms += 59_000
    assert director.due(sitting.state, active_ms=sitting.at_ms) == sitting.at_ms + 60_000


def test_the_time_that_is_left_is_told_once_and_said_with_the_next_question(sitting: Sitting) -> None:
    sitting.reaches("q2")
    sitting.at_ms = int(PLAN.target_duration_minutes * 60_000 * 0.85)
    assert of(sitting.does(director.Timer()), events.TimeWarned)
    assert not of(sitting.does(director.Timer()), events.TimeWarned)
    sitting.says("My answer.")
    assert sitting.offer is not None
    assert "minutes left" in sitting.offer.default.opening
    sitting.replies("next")
    sitting.says("Another.")
    assert sitting.offer is not None
    assert sitting.offer.default.opening == ""


def test_past_the_target_questions_are_asked_without_probes(sitting: Sitting) -> None:
    sitting.reaches("q1")
    sitting.at_ms = PLAN.target_duration_minutes * 60_000
    sitting.says("Words.")
    assert sitting.offer is not None
    assert [choice.kind for choice in sitting.offer.choices] == ["next"]


def test_the_interview_closes_before_the_hard_limit_and_ends_at_it(sitting: Sitting) -> None:
    sitting.reaches("q1")
    sitting.says("Half an answer.")
    hard_ms = PLAN.hard_limit_minutes * 60_000
    sitting.at_ms = hard_ms - director.CLOSING_RESERVE_MS
    facts = sitting.does(director.Timer())
    assert of(facts, events.AnswerClosed)
    assert sitting.phase() == "closing"
    assert sitting.offer is not None
    assert sitting.offer.default.kind == "closing"
    sitting.at_ms = hard_ms
    sitting.does(director.Timer())
    assert sitting.ended() == "time"


def test_please_stop_is_honoured_at_once(sitting: Sitting) -> None:
    sitting.reaches("q3")
    sitting.says("I want to stop the interview.")
    assert sitting.phase() == "closing"
    sitting.replies(share=0.1)
    assert sitting.ended() == "stopped"
    assert sitting.facts(events.AnswerClosed)[-1] == events.AnswerClosed(question_id="q3", version=1)


def test_a_candidate_who_comes_back_is_welcomed_at_the_same_question(sitting: Sitting) -> None:
    sitting.reaches("q3")
    sitting.does(director.Leave("connection lost"))
    assert director.due(sitting.state) is None
    sitting.joins()
    assert sitting.offer is not None
    assert sitting.offer.default.opening == "Welcome back."
    assert sitting.offer.default.text == PLAN.question("q3").text["en"]
    facts = sitting.replies()
    assert of(facts, events.QuestionRepeated)[0].question_id == "q3"
    assert not of(facts, events.QuestionAsked)


def test_a_reply_that_was_owed_before_a_drop_is_owed_after_it(sitting: Sitting) -> None:
    sitting.reaches("q1")
    sitting.says("My whole answer.")
    sitting.decides()
    sitting.does(director.Leave("connection lost"))
    assert sitting.state.pending is not None
    sitting.joins()
    assert sitting.offer is not None
    assert sitting.offer.default.header == "next q2"
    assert sitting.offer.default.opening == "Welcome back."


def test_candidates_questions_are_answered_up_to_three_and_then_it_closes(sitting: Sitting) -> None:
    sitting.reaches(PLAN.questions[-1].id)
    sitting.says("My answer.")
    sitting.replies("next")
    for _ in range(director.MOST_ASKED_BACK):
        assert sitting.phase() == "candidate_questions"
        sitting.says("And how is the team?")
        sitting.replies()
    assert sitting.phase() == "closing"


def test_nothing_can_be_done_once_it_has_ended(sitting: Sitting) -> None:
    sitting.reaches("q1")
    sitting.presses("end")
    sitting.replies()
    with pytest.raises(WrongPhaseError, match="ended"):
        sitting.says("One more thing.")


def test_an_interview_nobody_came_back_to_is_closed_with_its_open_answer(sitting: Sitting) -> None:
    sitting.reaches("q2")
    facts = sitting.does(director.Close("abandoned"))
    assert of(facts, events.AnswerClosed)[0].question_id == "q2"
    assert sitting.ended() == "abandoned"


@pytest.mark.parametrize("phase_of", ["lobby", "consent"])
def test_a_request_that_makes_no_sense_yet_is_refused_with_a_sentence(sitting: Sitting, phase_of: str) -> None:
    if phase_of == "consent":
        sitting.joins()
    with pytest.raises(WrongPhaseError, match="not possible"):
        sitting.presses("skip")


def test_the_seq_of_every_event_follows_the_one_before(sitting: Sitting) -> None:
    sitting.reaches("q2")
    assert all(after.seq == before.seq + 1 for before, after in pairwise(sitting.log))


@pytest.mark.parametrize(
    ("note", "wording"),
    [
        ("ask about Kafka", "There is one more thing I would like to hear about: Kafka."),
        (
            "Please ask her more about the migration!",
            "There is one more thing I would like to hear about: the migration.",
        ),
        ("their notice period", "There is one more thing I would like to hear about: their notice period."),
        ("pregúntale por Kafka", "There is one more thing I would like to hear about: Kafka."),
    ],
)
def test_a_note_is_asked_without_its_order(sitting: Sitting, note: str, wording: str) -> None:
    sitting.reaches("q1")
    sitting.orders(events.NoteLeft(text=note))
    sitting.says("An answer.")
    assert sitting.offer is not None
    assert [choice.text for choice in sitting.offer.choices] == [wording]


def test_a_note_that_nobody_heard_is_offered_again_and_a_heard_one_never(sitting: Sitting) -> None:
    sitting.reaches("q1")
    sitting.orders(events.NoteLeft(text="ask about Kafka"))
    sitting.says("An answer.")
    sitting.replies("probe", share=0.2)
    assert sitting.offer is not None
    assert sitting.offer.default.probe_id == "note-1"
    asked = of(sitting.replies("probe"), events.ProbeAsked)
    assert [(probe.probe_id, probe.question_id) for probe in asked] == [("note-1", "q1")]
    sitting.says("We used it for orders.")
    assert "note-1" not in [choice.probe_id for choice in sitting.offer.choices]


def test_a_person_in_control_minds_the_pauses_and_is_not_waited_for_for_ever(sitting: Sitting) -> None:
    sitting.reaches("q1")
    sitting.orders(events.ControlTaken())
    assert not of(sitting.waits(director.CONTROL_QUIET_MS - 1_000), events.SilenceNoticed)
    assert of(sitting.waits(2_000), events.ControlReturned)
    assert sitting.offer is not None
    assert sitting.offer.default.kind == "repeat"


def test_the_hard_limit_holds_though_a_person_is_in_control(sitting: Sitting) -> None:
    sitting.reaches("q1")
    sitting.orders(events.ControlTaken())
    while sitting.phase() == "questions":
        sitting.says("I go on talking.")
        sitting.waits(20_000)
    assert (sitting.phase(), sitting.state.closes_for) == ("closing", "time")
    assert sitting.offer is not None
    assert sitting.offer.default.kind == "closing"


def test_only_whoever_is_in_control_speaks_and_hands_back(sitting: Sitting) -> None:
    sitting.reaches("q1")
    sitting.orders(events.OperatorSaid(text="Too early."))
    sitting.orders(events.ControlTaken())
    sitting.orders(events.OperatorSaid(text="From another."), "user:2")
    sitting.orders(events.ControlReturned(), "user:2")
    assert (sitting.state.control, sitting.state.words_owed) == ("user:1", ())
    sitting.orders(events.OperatorSaid(text="Hello."))
    assert sitting.offer is not None
    assert sitting.offer.default.wording == "Hello."
