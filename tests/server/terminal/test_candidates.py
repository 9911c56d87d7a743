import pytest

from agents.events import Phase, Request
from agents.intents import request_in, says_nothing_more, says_yes
from agents.library import load_library
from agents.plans import Language
from server.live.protocol import MAX_TEXT
from server.terminal.candidates import KINDS, Act, Candidate, CandidateKind, Moment, Push, Speak, cast
from server.terminal.material import anywhere, replies, written_for

MAY: tuple[Request, ...] = ("hint", "skip", "repeat", "pause", "wait", "language", "end")


def at(phase: Phase, question_id: str | None = None, may: tuple[Request, ...] = MAY) -> Moment:
    return Moment(plan="behavioural", phase=phase, question_id=question_id, may=may)


def course(candidate: Candidate) -> list[Act | None]:
    """What a candidate does from consent to the end, three times asked at each question."""
    acts = [candidate.act(at("consent", may=("consent", "decline"))), candidate.act(at("warm_up"))]
    acts += [candidate.act(at("questions", f"q{n}")) for n in range(1, 8) for _ in range(3)]
    acts += [candidate.act(at("candidate_questions")) for _ in range(2)]
    return acts


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["en", "es"])
def test_the_same_seed_is_the_same_candidate(kind: CandidateKind, language: Language) -> None:
    assert course(Candidate(kind, language, 7)) == course(Candidate(kind, language, 7))
    # Somebody with the same manner is still somebody else.
    assert any(course(Candidate(kind, language, 7)) != course(Candidate(kind, language, n)) for n in range(8, 12))


def test_every_question_of_the_library_has_answers_written_for_it() -> None:
    for plan in load_library().plans.values():
        for question in plan.questions:
            assert question.id in written_for()[plan.slug]
            for language in plan.languages:
                known = replies(plan.slug, question.id, language)
                assert known.good
                assert known.weak
                assert len(min(known.good, key=len)) > 3 * len(max(known.weak, key=len))


def test_a_plan_without_written_answers_gets_general_ones() -> None:
    assert replies("unheard-of", "q9", "es").good == anywhere("es").good


def test_a_good_candidate_answers_the_question_and_adds_to_it_when_probed() -> None:
    candidate = Candidate("good", "en", "no wishes")
    candidate._wished = {("q2", "repeat"), ("q2", "hint"), ("q2", "skip")}
    known = replies("behavioural", "q2", "en")
    assert candidate.act(at("questions", "q2")) == Speak(known.good[0])
    assert candidate.act(at("questions", "q2")) == Speak(known.more[0])
    assert candidate.act(at("questions", "q2")) == Speak(known.more[1])


def test_the_silent_one_consents_by_the_button_and_says_next_to_nothing() -> None:
    acts = course(Candidate("silent", "es", 3))
    assert acts[0] == Push("consent")
    assert all(len(act.text) <= 3 for act in acts[1:-2] if isinstance(act, Speak))
    assert Push("skip") in acts


def test_the_hostile_one_is_rude_first_and_then_takes_part() -> None:
    candidate = Candidate("hostile", "en", 1)
    consent = at("consent", may=("consent", "decline"))
    assert candidate.act(consent) == Speak(anywhere("en").hostile[0])
    assert candidate.act(consent) == Push("consent")


def test_the_rambling_one_talks_long_within_what_the_protocol_takes() -> None:
    lengths = [
        len(act.text) for n in range(20) for act in course(Candidate("rambling", "en", n)) if isinstance(act, Speak)
    ]
    assert 500 < max(lengths) <= MAX_TEXT


def test_somebody_who_was_not_understood_consents_by_the_button() -> None:
    candidate = Candidate("good", "en", 1)
    consent = at("consent", may=("consent", "decline"))
    assert isinstance(candidate.act(consent), Speak)
    assert candidate.act(consent) == Push("consent")


def test_nobody_asks_for_what_is_not_possible() -> None:
    for kind in KINDS:
        for n in range(30):
            act = Candidate(kind, "en", n).act(at("questions", "q1", may=("pause", "end")))
            assert isinstance(act, Speak)
            assert request_in(act.text) is None


@pytest.mark.parametrize("phase", ["lobby", "closing", "ended"])
def test_there_is_nothing_to_do_before_and_after(phase: Phase) -> None:
    assert all(Candidate(kind, "en").act(at(phase)) is None for kind in KINDS)


@pytest.mark.parametrize("language", ["en", "es"])
def test_words_meant_as_a_request_are_one_and_answers_are_none(language: Language) -> None:
    words = anywhere(language)
    assert all(says_yes(text) for text in words.agree)
    assert all(says_nothing_more(text) for text in words.nothing)
    for request in ("repeat", "hint", "skip"):
        for text in getattr(words, request):
            assert request_in(text) == (request, None)
    answers = [*words.weak, *words.evasive, *words.hostile, *words.silent, *words.ask, *words.good, *words.more]
    for plan, questions in written_for().items():
        for question in questions:
            known = replies(plan, question, language)
            answers += [*known.good, *known.more, *known.weak]
    assert [text for text in answers if request_in(text) is not None] == []


def test_twelve_candidates_are_every_kind_in_every_language() -> None:
    made = cast(12, KINDS, ("en", "es"), seed=1)
    assert {(one.kind, one.language) for one in made} == {(k, lang) for k in KINDS for lang in ("en", "es")}
    assert {one.language for one in made[:6]} == {"en", "es"}
