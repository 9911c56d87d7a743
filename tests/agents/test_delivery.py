"""How the answers were spoken, from the log."""

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agents.delivery import FEWEST_WORDS, Delivery, Figures, Filler, delivery_of
from agents.events import (
    AnyPayload,
    Event,
    Kind,
    ProviderChanged,
    ReportReady,
    ScoreGiven,
    SilenceNoticed,
    SpeechFinal,
    TimeWarned,
    TurnClosed,
)
from agents.plans import Language
from tests.agents.sitting import _NAMES, Sitting
from tests.agents.spoken import WORD_MS, asks, begun, ends, speaks

TEN = "one two three four five six seven eight nine ten"
TALK = st.lists(st.sampled_from("um, the the team like [400] [1200] [3000] no work.".split()), max_size=30).map(
    lambda parts: " ".join([*parts, "done"])
)


def delivery(sitting: Sitting) -> Delivery:
    found = delivery_of(sitting.log)
    assert found is not None
    return found


def figures(sitting: Sitting, question_id: str) -> Figures:
    return next(each.figures for each in delivery(sitting).questions if each.question_id == question_id)


def two_answers() -> Sitting:
    """A question of 4 s, 24 words with a pause of 1.5 s; a probe of 2 s cut short; a question of 6 s, 10 words."""
    sitting = begun(Sitting())
    speaks(sitting, f"{TEN} um, [1500] {TEN}", "and the the rest", after_ms=700)
    asks(sitting, "next", lasts_ms=6_000)
    speaks(sitting, TEN, after_ms=2_300)
    return ends(sitting)


def test_the_figures_of_a_known_conversation_are_these() -> None:
    whole = delivery(two_answers()).whole
    speaking_ms = (25 + 10) * WORD_MS
    assert whole == Figures(
        words=34,
        speaking_ms=speaking_ms,
        paused_ms=1_500,
        words_a_minute=round(34 * 60_000 / speaking_ms, 1),
        words_a_minute_with_pauses=round(34 * 60_000 / (speaking_ms + 1_500), 1),
        fillers=(Filler("um", 1),),
        filler_count=1,
        fillers_per_100_words=2.9,
        pauses=1,
        longest_pause_ms=1_500,
        repairs=1,
        interviewer_ms=10_000,
        talk_share=round(speaking_ms / (speaking_ms + 10_000), 3),
        responses=2,
        response_median_ms=1_500,
        response_longest_ms=2_300,
    )


def test_each_question_has_its_own_figures_and_too_few_words_give_no_rate() -> None:
    sitting = two_answers()
    first, second = figures(sitting, "q1"), figures(sitting, "q2")
    assert (first.words, first.pauses, first.response_median_ms, first.interviewer_ms) == (24, 1, 700, 4_000)
    assert (second.words, second.pauses, second.response_median_ms, second.interviewer_ms) == (10, 0, 2_300, 6_000)
    assert first.words_a_minute is not None
    assert second.words < FEWEST_WORDS
    assert (second.words_a_minute, second.fillers_per_100_words) == (None, None)
    assert second.talk_share == round(3_000 / 9_000, 3)


def test_a_pause_tells_where_it_was() -> None:
    sitting = two_answers()
    (pause,) = delivery(sitting).pauses
    assert (pause.question_id, pause.ms, pause.after) == ("q1", 1_500, "nine ten um")
    assert pause.at_ms == 4_000 + 700 + 11 * WORD_MS
    turn = next(event.payload for event in sitting.log if event.seq == pause.seq)
    assert isinstance(turn, TurnClosed)
    assert pause.after in turn.text.replace(",", "")


@pytest.mark.parametrize(("silence_ms", "pauses"), [(999, 0), (1_000, 1)])
def test_a_silence_is_a_pause_from_one_second(silence_ms: int, pauses: int) -> None:
    sitting = begun(Sitting())
    speaks(sitting, f"I led [{silence_ms}] the team")
    assert delivery(ends(sitting)).whole.pauses == pauses


def test_a_silence_between_two_pieces_of_one_turn_counts_and_one_between_turns_does_not() -> None:
    sitting = begun(Sitting())
    speaks(sitting, "I led", "[2000] the team")
    asks(sitting, "probe", lasts_ms=3_000)
    speaks(sitting, "There were six of us", after_ms=5_000)
    whole = delivery(ends(sitting)).whole
    assert (whole.pauses, whole.longest_pause_ms, whole.response_longest_ms) == (1, 2_000, 5_000)


def test_a_screening_has_no_such_figures() -> None:
    sitting = begun(Sitting(kind="screening"))
    speaks(sitting, TEN)
    assert delivery_of(ends(sitting).log) is None


def test_a_typed_interview_has_none() -> None:
    sitting = begun(Sitting())
    sitting.says("I led the team.")
    assert delivery_of(ends(sitting).log) is None
    assert delivery_of([]) is None


def test_a_recogniser_that_gives_no_times_leaves_nothing_to_measure() -> None:
    sitting = begun(Sitting())
    speaks(sitting, TEN, is_timed=False)
    assert delivery_of(ends(sitting).log) is None


def test_typed_answers_beside_spoken_ones_are_counted_apart_and_take_no_share_of_the_talking() -> None:
    sitting = begun(Sitting())
    speaks(sitting, TEN)
    asks(sitting, "next", lasts_ms=6_000)
    sitting.says("Typed, since it was loud here.")
    asks(sitting, "next", lasts_ms=9_000)
    speaks(sitting, TEN)
    speaks(sitting, TEN, is_timed=False)
    found = delivery(ends(sitting))
    assert [each.question_id for each in found.questions] == ["q1", "q3"]
    assert (found.typed_turns, found.untimed_turns, found.whole.words) == (1, 1, 20)
    # Of the first question alone everything that was said has its times.
    assert found.whole.talk_share == round(3_000 / 7_000, 3)
    assert figures(sitting, "q3").talk_share is None


def test_words_that_were_heard_beside_a_typed_turn_are_no_answer() -> None:
    sitting = begun(Sitting())
    speaks(sitting, TEN)
    log = [
        replace(event, payload=replace(event.payload, source="typed"))
        if isinstance(event.payload, TurnClosed) and event.payload.finals
        else event
        for event in sitting.log
    ]
    assert delivery_of(log) is None


def test_consent_warm_up_and_requests_are_no_answers() -> None:
    sitting = Sitting()
    sitting.joins()
    sitting.replies()
    speaks(sitting, "Yes [2000] I agree")
    sitting.replies()
    speaks(sitting, "I came [3000] by train")
    asks(sitting, "next", lasts_ms=4_000)
    assert delivery_of(sitting.log) is None
    speaks(sitting, "Let me think.", after_ms=500)
    asks(sitting, "wait", lasts_ms=1_000)
    speaks(sitting, TEN, after_ms=9_000)
    whole = delivery(ends(sitting)).whole
    assert (whole.words, whole.pauses) == (10, 0)
    # Time that was asked for is no hesitation.
    assert (whole.responses, whole.response_median_ms, whole.response_longest_ms) == (0, None, None)


def test_who_begins_before_the_question_is_over_waited_for_nothing_and_a_cut_question_times_nobody() -> None:
    early = begun(Sitting())
    early.at_ms -= 400
    speaks(early, TEN)
    assert delivery(ends(early)).whole.response_median_ms == 0
    cut = begun(Sitting())
    speaks(cut, TEN)
    asks(cut, "probe", lasts_ms=1_500, share=0.7)
    speaks(cut, TEN)
    assert delivery(ends(cut)).whole.responses == 1


def test_a_nudge_does_not_stop_the_clock_of_the_question() -> None:
    sitting = begun(Sitting())
    asked_ms = sitting.at_ms
    sitting.waits(60_000)
    assert sitting.offer is not None
    assert sitting.offer.default.kind == "nudge"
    asks(sitting, lasts_ms=2_000)
    speaks(sitting, TEN, after_ms=1_000)
    began_ms = sitting.at_ms - 10 * WORD_MS
    assert delivery(ends(sitting)).whole.response_longest_ms == began_ms - asked_ms


def test_a_later_addition_belongs_to_the_question_it_was_made_to() -> None:
    sitting = begun(Sitting())
    speaks(sitting, TEN)
    asks(sitting, "next", lasts_ms=1_000)
    speaks(sitting, TEN)
    speaks(sitting, TEN, question_id="q1")
    ends(sitting)
    assert [each.question_id for each in delivery(sitting).questions] == ["q1", "q2"]
    assert figures(sitting, "q1").words == 20


@pytest.mark.parametrize(("language", "filler"), [("en", "um"), ("es", "eh")])
def test_words_are_read_in_the_language_of_the_moment(language: Language, filler: str) -> None:
    sitting = begun(Sitting(language="es" if language == "en" else "en"))
    sitting.presses("language", language)
    sitting.replies()
    speaks(sitting, f"{filler}, Python Docker")
    found = delivery(ends(sitting))
    assert (found.languages, found.whole.fillers) == ((language,), (Filler(filler, 1),))


def sat(talks: list[str], kind: Kind = "practice") -> Sitting:
    sitting = begun(Sitting(kind=kind))
    for said in talks:
        speaks(sitting, said, after_ms=600)
        asks(sitting, lasts_ms=2_000)
    return sitting


@given(st.lists(TALK, min_size=1, max_size=4))
def test_shares_lie_between_nothing_and_all_and_nothing_is_negative(talks: list[str]) -> None:
    found = delivery(sat(talks))
    for each in (found.whole, *(question.figures for question in found.questions)):
        assert each.talk_share is not None
        assert 0 <= each.talk_share <= 1
        counts = (each.words, each.speaking_ms, each.paused_ms, each.pauses, each.repairs, each.filler_count)
        assert min(counts) >= 0
        assert each.filler_count == sum(filler.count for filler in each.fillers)
        assert each.paused_ms >= each.longest_pause_ms >= 1_000 * (each.pauses > 0)
        if each.words_a_minute is not None and each.words_a_minute_with_pauses is not None:
            assert each.words_a_minute >= each.words_a_minute_with_pauses > 0


@given(st.lists(TALK, min_size=1, max_size=4))
def test_the_questions_add_up_to_the_whole(talks: list[str]) -> None:
    found = delivery(sat(talks))
    for name in ("words", "speaking_ms", "paused_ms", "pauses", "filler_count", "repairs", "responses"):
        parts = [getattr(each.figures, name) for each in found.questions]
        assert sum(parts) == getattr(found.whole, name)
    assert len(found.pauses) == found.whole.pauses


@given(st.lists(TALK, min_size=1, max_size=3), TALK)
def test_a_further_answer_takes_nothing_away(talks: list[str], more: str) -> None:
    before, after = delivery(sat(talks)).whole, delivery(sat([*talks, more])).whole
    for name in ("words", "speaking_ms", "pauses", "longest_pause_ms", "filler_count", "repairs"):
        assert getattr(after, name) >= getattr(before, name)


@given(st.lists(TALK, min_size=1, max_size=3), st.lists(st.tuples(st.integers(1, 60), st.integers(0, 4)), max_size=8))
def test_facts_about_other_things_change_nothing_wherever_they_stand(
    talks: list[str], others: list[tuple[int, int]]
) -> None:
    log = sat(talks).log
    about: list[AnyPayload] = [
        ScoreGiven(question_id="q1", version=1, run_id=_NAMES, competency="ownership", scorer="s", level=3),
        ReportReady(overall_score=50.0),
        ProviderChanged(service="stt", provider="one", model="two", reason="fallback"),
        TimeWarned(left_ms=60_000),
        SilenceNoticed(count=1),
    ]
    mixed: dict[int, list[Event]] = {}
    for place, which in others:
        mixed.setdefault(min(place, len(log) - 1), []).append(replace(log[-1], seq=10_000, payload=about[which]))
    spread = list(chain.from_iterable([event, *mixed.get(at, [])] for at, event in enumerate(log)))
    assert delivery_of(spread) == delivery_of(log)


@given(st.lists(st.tuples(st.integers(-5_000, 90_000), st.integers(-5_000, 90_000)), min_size=1, max_size=20))
def test_times_that_make_no_sense_break_nothing(times: list[tuple[int, int]]) -> None:
    sitting = begun(Sitting())
    speaks(sitting, " ".join(f"word{at}" for at in range(len(times))))
    log = [
        replace(
            event,
            payload=replace(
                event.payload,
                words=tuple(
                    replace(word, from_ms=from_ms, to_ms=to_ms)
                    for word, (from_ms, to_ms) in zip(event.payload.words, times, strict=True)
                ),
            ),
        )
        if isinstance(event.payload, SpeechFinal)
        else event
        for event in sitting.log
    ]
    found = delivery_of(log)
    assert found is not None
    assert found.whole.speaking_ms >= 0
    assert found.whole.paused_ms >= 0
    assert found.whole.talk_share is not None
    assert 0 <= found.whole.talk_share <= 1
