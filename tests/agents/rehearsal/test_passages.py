from agents.rehearsal.passages import language_of, told
from agents.scoring import AnswerTurn
from tests.agents.rehearsal.answers import GOOD, LIBRARY, answer_for

QUESTION = LIBRARY.plans["behavioural"].question("q1")
COMPETENCY = LIBRARY.rubrics["behavioural"].competency(QUESTION.competency)


def _left(*texts: str) -> list[str]:
    turns = [AnswerTurn(seq=at, text=text) for at, text in enumerate(texts)]
    return [passage.text for passage in told(turns, QUESTION, COMPETENCY, "en").passages]


def test_the_question_read_back_leaves_nothing() -> None:
    assert _left(QUESTION.text["en"]) == []
    assert _left(QUESTION.text["es"]) == []


def test_an_anchor_read_back_leaves_nothing_of_weight() -> None:
    for anchor in COMPETENCY.anchors:
        assert sum(len(text.split()) for text in _left(anchor["en"])) <= 5


def test_what_stands_around_a_copy_is_kept_to_the_letter() -> None:
    own = "I moved the bookings table in March."
    assert _left(f"{QUESTION.text['en']} {own}") == [own]
    assert _left(f"{own} {QUESTION.text['en']}") == [own]


def test_words_said_twice_count_once() -> None:
    own = "I moved the bookings table in March, because the old provider was closing."
    assert _left(f"{own} {own}") == [own]
    assert _left(own, own) == [own]


def test_a_list_of_terms_is_not_speech() -> None:
    for listed in (
        "idempotency key, unique constraint, retry, outbox, queue, transaction",
        "cache index queue retry backoff rollback canary metrics",
        "the cache, the index, the queue, the retry, the rollback",
    ):
        turns = [AnswerTurn(seq=1, text=listed)]
        assert not any(p.spoken for p in told(turns, QUESTION, COMPETENCY, "en").passages), listed


def test_a_short_reply_to_a_probe_is_speech() -> None:
    turns = [AnswerTurn(seq=1, text="By thirty percent.", probe_id="q1.number")]
    assert [p.spoken for p in told(turns, QUESTION, COMPETENCY, "en").passages] == [True]


def test_the_language_shows_in_the_small_words() -> None:
    assert language_of("we had a meeting and the client was there".split()) == "en"
    assert language_of("tuvimos una reunion con el cliente porque no habia tiempo".split()) == "es"
    assert language_of(["deploy", "kubernetes"]) is None


def test_an_answer_in_the_other_language_is_read_in_it() -> None:
    answer = answer_for(("behavioural", "q1", "es"), GOOD["behavioural", "q1", "es"])
    assert told(answer.turns, answer.question, answer.competency, "en").language == "es"
