import msgspec
import pytest

from agents.plans import ExpectedPoint, Language, Question
from agents.rehearsal.passages import told
from agents.rehearsal.points import Made, points_made
from agents.scoring import AnswerTurn

QUESTION = Question(
    id="q1",
    type="technical",
    competency="data",
    text={
        "en": "A payment request may arrive twice. How do you charge once?",
        "es": "Una solicitud de pago puede llegar dos veces. ¿Cómo cobras una sola vez?",
    },
    points=(
        ExpectedPoint(
            id="q1.key",
            text={"en": "A key that recognises the same request", "es": "Una clave que reconoce la misma solicitud"},
            cues={
                "en": ("idempotency key", "unique constraint", "request", "deduplicate"),
                "es": ("clave de idempotencia", "restricción única", "solicitud", "deduplicar"),
            },
        ),
        ExpectedPoint(
            id="q1.check",
            text={"en": "How it is checked", "es": "Cómo se comprueba"},
            cues={
                "en": ("did not check", "we tested", "without downtime", "problem"),
                "es": ("no revisé", "probamos", "sin caída", "problema"),
            },
        ),
    ),
    probes=(),
    hints=(),
    seconds=120,
)


def _made(text: str, language: Language = "en", question: Question = QUESTION) -> dict[str, Made]:
    return points_made(question, told([AnswerTurn(seq=1, text=text)], question, None, language).passages, language)


def test_a_phrase_makes_its_point_whatever_the_order_of_its_words() -> None:
    assert _made("I would put a unique constraint on it in the table.")["q1.key"].made
    assert _made("There is a constraint on it that makes it unique.")["q1.key"].made
    assert _made("Pondría una restricción que sea única en la tabla.", "es")["q1.key"].made


def test_a_common_word_alone_makes_no_point() -> None:
    found = _made("It was a problem for all of us and we were there.")["q1.check"]
    assert not found.made
    assert not found.touched


def test_words_of_the_question_itself_make_no_point() -> None:
    assert _made("I would look at the request and then at each request again.")["q1.key"].strength == 0


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "We never had an idempotency key for any of that."),
        ("en", "There was no unique constraint in that table at all."),
        ("es", "Nunca tuvimos una clave de idempotencia para eso."),
        ("es", "Eso estaba sin restricción única en la tabla."),
    ],
)
def test_a_denied_cue_makes_no_point(language: Language, text: str) -> None:
    assert _made(text, language)["q1.key"].strength < 1


def test_a_denial_in_another_clause_denies_nothing() -> None:
    assert _made("It was not easy, but an idempotency key was what we used.")["q1.key"].made


def test_a_cue_that_denies_is_met_by_a_denial() -> None:
    assert _made("I did not check it before it went out to them.")["q1.check"].touched
    assert not _made("I went back to check it before it went out to them.")["q1.check"].touched


def test_cues_far_apart_do_not_add_up() -> None:
    filler = (
        "Then the weather turned and everybody stayed at home. My neighbour had painted her door in the meantime. "
        "We ate soup for a week. The bus was late again on the way to town."
    )
    near = "We would deduplicate them on arrival. The key is kept with it."
    far = f"We would deduplicate them on arrival. {filler} The key is kept with it."
    assert _made(near)["q1.key"].made
    assert not _made(far)["q1.key"].made


def test_the_order_of_the_points_is_irrelevant() -> None:
    turned = msgspec.structs.replace(QUESTION, points=QUESTION.points[::-1])
    text = "We tested it with the same request, and a unique constraint held. I did not check the rest."
    assert _made(text) == _made(text, question=turned)


def _by_kin(text: str, language: Language = "en") -> dict[str, Made]:
    passages = told([AnswerTurn(seq=1, text=text)], QUESTION, None, language).passages
    return points_made(QUESTION, passages, language, by_kin=True)


def test_a_good_answer_in_words_the_plan_does_not_foresee_touches_its_point() -> None:
    text = "I would keep a distinct constraint on the table so that the same payment is only taken once."
    assert not _made(text)["q1.key"].touched
    assert _by_kin(text)["q1.key"].touched


def test_one_word_that_only_means_nearly_the_same_makes_nothing() -> None:
    assert not _by_kin("It was quite distinct from what we had seen in the office.")["q1.key"].touched


def test_what_its_cues_make_is_made_by_kin_as_well() -> None:
    for text in ("I would put a unique constraint on it in the table.", "We tested it and I did not check the rest."):
        by_cues, by_kin = _made(text), _by_kin(text)
        assert all(by_kin[point].strength >= made.strength for point, made in by_cues.items())


def test_a_denial_denies_the_kin_too() -> None:
    assert not _by_kin("There was never a distinct constraint on it in any table.")["q1.key"].touched
