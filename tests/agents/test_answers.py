"""Who said what, and what the answer to each question is: read from the log alone."""

from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agents import director, events
from agents.answers import ClosedAnswer, answers_of, scored_versions, transcript_of
from agents.events import AnyPayload, Event, ScoreGiven, SpeechFinal, TurnClosed, Word
from tests.agents.sitting import PLAN, Sitting

RUN = UUID(int=3)
ANSWER = "I moved the tables one by one and told the others each morning how far I was."


def at_first_question() -> Sitting:
    sitting = Sitting()
    sitting.reaches("q1")
    return sitting


def answer(sitting: Sitting, question_id: str) -> ClosedAnswer:
    return next(closed for closed in answers_of(sitting.log) if closed.question_id == question_id)


def seq_of(sitting: Sitting, text: str) -> int:
    """The number of the turn with those words."""
    return next(e.seq for e in sitting.log if isinstance(e.payload, TurnClosed) and e.payload.text == text)


# --- the transcript --------------------------------------------------------------------------------------------


def test_a_transcript_tells_both_sides_in_the_order_in_which_they_were_heard() -> None:
    sitting = at_first_question()
    sitting.says(ANSWER)
    sitting.replies("probe")
    sitting.says("Could you repeat that?")
    sitting.replies()
    segments = transcript_of(sitting.log)
    assert [segment.seq for segment in segments] == sorted(segment.seq for segment in segments)
    assert [(segment.speaker, segment.kind) for segment in segments] == [
        ("interviewer", "greeting"),
        ("interviewer", "warm_up"),
        ("candidate", "remark"),
        ("interviewer", "next"),
        ("candidate", "answer"),
        ("interviewer", "probe"),
        ("candidate", "request"),
        ("interviewer", "repeat"),
    ]
    assert [segment.question_id for segment in segments] == [None, None, None, "q1", "q1", "q1", "q1", "q1"]


def test_what_nobody_heard_is_in_no_transcript() -> None:
    sitting = at_first_question()
    before = transcript_of(sitting.log)
    sitting.says(ANSWER)
    reply_id = sitting.decides()
    assert reply_id is not None
    sitting.does(director.Heard(reply_id, text="", interrupted=True, heard=0.0))
    assert [segment.text for segment in transcript_of(sitting.log)[len(before) :]] == [ANSWER]


def test_a_reply_that_was_cut_short_is_marked_so() -> None:
    sitting = at_first_question()
    sitting.says(ANSWER)
    sitting.replies("next", share=0.3)
    assert [segment.interrupted for segment in transcript_of(sitting.log)] == [False, False, False, False, False, True]


def test_what_is_said_after_the_last_question_belongs_to_none() -> None:
    sitting = at_first_question()
    while sitting.state.phase != "candidate_questions":
        sitting.presses("skip")
        sitting.replies()
    sitting.says("How long does it take until I hear from you?")
    assert (transcript_of(sitting.log)[-1].question_id, transcript_of(sitting.log)[-1].kind) == (None, "remark")


# --- the answers -----------------------------------------------------------------------------------------------


def test_an_answer_counts_once_it_has_closed() -> None:
    sitting = at_first_question()
    sitting.says(ANSWER)
    assert answers_of(sitting.log) == ()
    sitting.replies("next")
    (closed,) = answers_of(sitting.log)
    assert (closed.question_id, closed.version, closed.text) == ("q1", 1, ANSWER)
    assert closed.word_count == len(ANSWER.split())
    assert sitting.log[closed.closed_seq - 1].type == "answer.closed"


def test_every_turn_to_a_question_belongs_to_its_answer_each_with_the_probe_it_replies_to() -> None:
    sitting = at_first_question()
    first, second = (probe.id for probe in PLAN.question("q1").probes[:2])
    sitting.says(ANSWER)
    sitting.replies("probe")
    sitting.says("My own part was the plan.")
    sitting.replies("probe")
    sitting.says("It saved forty hours.")
    sitting.replies("next")
    closed = answer(sitting, "q1")
    assert [(turn.text, turn.probe_id) for turn in closed.turns] == [
        (ANSWER, None),
        ("My own part was the plan.", first),
        ("It saved forty hours.", second),
    ]
    assert closed.probes == (first, second)
    assert [turn.seq for turn in closed.turns] == [seq_of(sitting, turn.text) for turn in closed.turns]


def test_a_probe_that_was_not_heard_is_no_probe() -> None:
    sitting = at_first_question()
    sitting.says(ANSWER)
    sitting.replies("probe", share=0.3)
    sitting.says("And it saved forty hours.")
    sitting.replies("next")
    closed = answer(sitting, "q1")
    assert [turn.probe_id for turn in closed.turns] == [None, None]
    assert closed.probes == ()


def test_a_request_is_no_part_of_an_answer() -> None:
    sitting = at_first_question()
    for words in ("Could you repeat the question?", "Give me a moment", "Can I have a hint?"):
        sitting.says(words)
        sitting.replies()
    sitting.says(ANSWER)
    sitting.replies("next")
    assert answer(sitting, "q1").text == ANSWER


def test_later_words_make_the_next_version_with_everything_in_it() -> None:
    sitting = at_first_question()
    sitting.says(ANSWER)
    sitting.replies("next")
    sitting.says("To the second I say this.")
    sitting.says("To the first: it saved forty hours.", "q1")
    reopened = answer(sitting, "q1")
    assert reopened.version == 2
    assert reopened.text == f"{ANSWER}\n\nTo the first: it saved forty hours."
    assert sitting.state.open == "q2"
    sitting.presses("skip")
    assert [(closed.question_id, closed.version) for closed in answers_of(sitting.log)] == [("q1", 2), ("q2", 1)]
    assert answer(sitting, "q2").text == "To the second I say this."


def test_a_spoken_turn_has_its_words_with_their_times_and_confidences_and_a_typed_one_has_none() -> None:
    sitting = at_first_question()
    said = ("I moved the tables", "one by one.")
    for at, text in enumerate(said):
        words = tuple(
            Word(word, 1_000 * at + 100 * n, 1_000 * at + 100 * n + 90) for n, word in enumerate(text.split())
        )
        sure = Word("the", 200, 290, 0.99)
        words = (*words[:2], sure, *words[3:]) if at == 0 else words
        sitting.orders(SpeechFinal(utterance_id=uuid4(), text=text, confidence=0.4 + at / 10, words=words), "candidate")
    finals = (sitting.log[-2].seq, sitting.log[-1].seq)
    sitting.does(director.Turn(uuid4(), " ".join(said), "speech", finals=finals))
    sitting.says("That was all of it.")
    sitting.replies("next")
    spoken, typed = answer(sitting, "q1").turns
    assert [spoken.text[word.start : word.end] for word in spoken.words] == " ".join(said).split()
    assert [word.from_ms for word in spoken.words] == [0, 100, 200, 300, 1_000, 1_100, 1_200]
    assert [word.confidence for word in spoken.words] == [0.4, 0.4, 0.99, 0.4, 0.5, 0.5, 0.5]
    assert typed.words == ()


def test_a_question_that_was_skipped_has_an_empty_answer() -> None:
    sitting = at_first_question()
    sitting.presses("skip")
    closed = answer(sitting, "q1")
    assert (closed.turns, closed.text, closed.word_count, closed.version) == ((), "", 0, 1)


def test_an_answer_is_in_the_language_in_which_it_was_given() -> None:
    sitting = at_first_question()
    sitting.says(ANSWER)
    sitting.presses("language", "es")
    sitting.replies()
    sitting.presses("skip")
    sitting.replies()
    sitting.says("Planifiqué el trabajo y terminamos antes.")
    sitting.presses("skip")
    assert [(closed.question_id, closed.language) for closed in answers_of(sitting.log)] == [("q1", "en"), ("q2", "es")]


def test_an_answers_time_runs_from_the_question_to_its_close() -> None:
    sitting = at_first_question()
    sitting.at_ms += 4_000
    sitting.says(ANSWER)
    sitting.at_ms += 1_500
    sitting.replies("next")
    assert answer(sitting, "q1").to_ms - answer(sitting, "q1").from_ms == 5_500


def test_answers_come_in_the_order_of_asking_whenever_they_closed() -> None:
    sitting = at_first_question()
    for _ in range(3):
        sitting.says(ANSWER)
        sitting.replies("next")
    sitting.says("More to the second.", "q2")
    assert [closed.question_id for closed in answers_of(sitting.log)] == ["q1", "q2", "q3"]


def test_the_highest_version_that_has_a_score_counts() -> None:
    sitting = at_first_question()
    sitting.says(ANSWER)
    sitting.replies("next")
    log = with_facts(sitting.log, [score("q1", 2), score("q1", 1), score("q2", 1)])
    assert scored_versions(log) == {"q1": 2, "q2": 1}


def score(question_id: str, version: int) -> AnyPayload:
    return ScoreGiven(
        question_id=question_id, version=version, run_id=RUN, competency="collaboration", scorer="test", level=3
    )


def with_facts(log: list[Event], facts: list[AnyPayload]) -> list[Event]:
    """The log with these side facts at its end."""
    return [*log, *(replace(log[-1], seq=log[-1].seq + at, payload=fact) for at, fact in enumerate(facts, start=1))]


_DOINGS = st.lists(
    st.one_of(
        st.tuples(st.just("says"), st.text(min_size=1, max_size=40)),
        st.tuples(st.just("adds"), st.sampled_from([question.id for question in PLAN.questions])),
        st.tuples(st.just("presses"), st.sampled_from(["skip", "repeat", "hint", "wait"])),
        st.tuples(st.just("replies"), st.sampled_from(["next", "probe"])),
    ),
    max_size=25,
)


def played(doings: list[tuple[str, str]]) -> Sitting:
    sitting = at_first_question()
    for doing, what in doings:
        try:
            match doing:
                case "says":
                    sitting.says(what)
                case "adds":
                    sitting.says(f"More to {what}.", what)
                case "presses":
                    sitting.presses(what)  # type: ignore[arg-type]
                case _:
                    sitting.replies(what)
        except director.DirectorError:
            continue
    return sitting


@given(_DOINGS)
def test_whatever_is_done_every_turn_to_a_closed_answer_is_in_it_once_and_no_other(
    doings: list[tuple[str, str]],
) -> None:
    sitting = played(doings)
    for closed in answers_of(sitting.log):
        to_it = [
            (event.seq, event.payload.text)
            for event in sitting.log
            if isinstance(event.payload, TurnClosed)
            and event.payload.question_id == closed.question_id
            and event.seq < closed.closed_seq
        ]
        assert [(turn.seq, turn.text) for turn in closed.turns] == to_it
        assert closed.version == sitting.state.question(closed.question_id).version


@given(_DOINGS)
def test_whatever_is_done_everything_heard_is_in_the_transcript_once(doings: list[tuple[str, str]]) -> None:
    sitting = played(doings)
    said = [
        event.seq
        for event in sitting.log
        if isinstance(event.payload, TurnClosed)
        or (isinstance(event.payload, events.ReplyHeard) and event.payload.text)
    ]
    assert [segment.seq for segment in transcript_of(sitting.log)] == said
