"""What tells who is speaking is taken out, what was done stays, and every quote leads back to what was said."""

import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.events import Quote
from agents.plans import Language
from agents.redaction import redacted
from agents.scoring import AnswerTurn, HeardWord, Score, refuse_unfounded
from tests.agents.redaction.texts import answer, languages, redaction, shown, texts

patient = settings(deadline=None, max_examples=200)

SAME: list[tuple[Language, str, tuple[str, ...]]] = [
    ("en", "My name is {}, and I fixed the build.", ("Ingrid Dahl", "Abdul Rahman Siddiqui", "Ming")),
    ("en", "my name is, um, {} and i fixed it", ("rosalind carter", "parvati iyer", "kwabena")),
    ("en", "I asked my teammate {} to look at the index.", ("Bjarne", "Nokuthula", "Yevhen", "Mei-Ling")),
    ("en", "Our director, Mr {}, agreed. Mr {} signed it.", ("Fitzgerald", "Ogunbanjo", "Wu-Chang")),
    ("en", "{}, my boss, wanted the old queue.", ("Henrietta", "Olumide", "Sukhwinder")),
    ("en", "I am {} and I still write tests.", ("twenty-two", "61", "thirty nine", "forty-five years old")),
    ("en", "When I was {} I repaired radios.", ("sixteen", "a child", "forty")),
    ("en", "I finished college {} years ago, then I sold phones.", ("two", "thirty-one", "12")),
    ("en", "I was born in {} and I like maps.", ("1961", "1999", "2003")),
    ("en", "I told my {} about the outage.", ("husband", "wife", "boyfriend", "grandmother", "son")),
    ("en", "The {} at the desk was angry until I called {}.", ("man|him", "lady|her", "gentleman|him", "girl|her")),
    ("en", "{} said that the plan was {} idea.", ("She|her", "He|his")),
    ("en", "I talked to the {} about the shift.", ("salesman", "saleswoman")),
    ("en", "I come from {} and I measure twice.", ("Peru", "Lagos, Nigeria", "the Netherlands", "Tokyo")),
    ("en", "I grew up in {}.", ("Chiclayo", "Ouagadougou", "Kansas")),
    (
        "en",
        "I studied at {} and built a compiler.",
        ("the University of Oslo", "Harvard", "UNAM", "Addis Ababa University"),
    ),
    ("en", "My first language is {}.", ("Welsh", "Cantonese", "Igbo")),
    ("en", "As a {} engineer I read the logs first.", ("Colombian", "Japanese", "Sri Lankan")),
    ("en", "The {} in our street needed a rota.", ("synagogue", "mosque", "church")),
    ("en", "I have {} and I plan my week on Sundays.", ("two kids", "three small children", "one daughter")),
    ("en", "I am {}, so I check everything.", ("dyslexic", "deaf", "autistic")),
    ("es", "Me llamo {} y arreglé la cola.", ("Kevin Huamán", "María del Carmen Ruiz de la Torre", "Ibrahim Diallo")),
    ("es", "Mi jefe, {}, pidió otro plan.", ("Anselmo", "Zhiming", "Björn")),
    ("es", "Tengo {} años y sigo aprendiendo.", ("diecinueve", "63", "treinta y un", "cuarenta y dos")),
    ("es", "A mis {} años cambié de oficio.", ("veinte", "cincuenta y seis")),
    ("es", "Salí de la universidad hace {} años.", ("dos", "veinticinco", "30")),
    ("es", "Soy {} y trabajé {} en la migración.", ("programadora|sola", "programador|solo")),
    ("es", "Estaba {} cuando {} me llamaron.", ("yo muy cansada|ellas", "yo muy cansado|ellos")),
    ("es", "Le expliqué el plan {}.", ("a la directora", "al director")),
    ("es", "{} del banco vino dos veces.", ("La señora", "El señor", "La mujer", "El hombre")),
    ("es", "Hablé con {} de mantenimiento.", ("una encargada", "un encargado")),
    ("es", "Fui {} del equipo en llegar.", ("la primera", "el primero")),
    ("es", "Vengo de {} y allá se trabaja temprano.", ("Oruro", "Bilbao", "Honduras", "Yaoundé")),
    (
        "es",
        "Estudié en {} y después en una imprenta.",
        ("la Universidad de Murcia", "la Universidad Nacional de Trujillo"),
    ),
    ("es", "Soy {} y me gusta el orden.", ("boliviana", "noruego", "coreana")),
    ("es", "El domingo fui a {} y luego a trabajar.", ("la mezquita", "la iglesia", "la sinagoga")),
]


@pytest.mark.parametrize(
    ("language", "frame", "fillings"), SAME, ids=lambda value: value if isinstance(value, str) else ""
)
def test_who_speaks_makes_no_difference(language: Language, frame: str, fillings: tuple[str, ...]) -> None:
    filled = []
    for filling in fillings:
        parts = filling.split("|")
        gaps = frame.count("{}")
        filled.append(frame.format(*(parts * gaps)[:gaps]))
    seen = {shown(text, language) for text in filled}
    assert len(seen) == 1
    assert seen != set(filled)


KEPT: list[tuple[Language, str]] = [
    ("en", "I wrote the job in Java and Python, then moved it to Ruby on Rails, Scala and Swift."),
    ("en", "We ran Jenkins, Chef and Kafka beside MariaDB, Cassandra, Oracle and Django on AWS."),
    ("en", "The p95 fell from 54 ms to 20 ms, 41 % of users came back, and 18 requests in 100 failed."),
    ("en", "I have ten years of experience with Postgres, and the outage was two years ago."),
    ("en", "A man-in-the-middle attack, the man pages, the mother board and a sister company are other things."),
    ("en", "Each parent node has two child nodes; the oldest entry is evicted and the youngest stays."),
    ("en", "I am one of four, I am 30 minutes early, I am 90 % sure and I am 20 tickets behind."),
    ("en", "Monte Carlo, Dunning-Kruger, the Turing test and Conway's law came up with Morgan Stanley."),
    ("en", "The documentation is in Spanish, English and French, and the master branch is protected."),
    ("en", "I mark the ticket, will grant access, and may frame it as hope, faith or grace under load."),
    ("en", "git@github.com:shop/api.git is the remote, and https://api.shop.test/v1/users is the address."),
    ("es", "La cola está saturada, la base quedó lista, la conexión es segura y la máquina estaba parada."),
    ("es", "Probé la función sola y las dos piezas juntas; las juntas diarias duran diez minutos."),
    ("es", "El nodo padre tiene dos hijos, la clase hija hereda y los procesos hijos terminan."),
    ("es", "Tengo 10 años de experiencia con Java, Jenkins y Django, y bajé el error del 54 % al 20 %."),
    ("es", "La consultora, la operadora y la computadora; una sola vez, por sí sola; la prima del seguro."),
    ("es", "Deja que sean otras; haya o no haya, según la norma, la ruta está en una lata y es tuya."),
    ("es", "La carga se reparte entre ellas y la guía las muestra; la llamada y la ayuda son iguales."),
]


@pytest.mark.parametrize(("language", "text"), KEPT, ids=lambda value: value[:40])
def test_what_was_done_is_kept_to_the_byte(language: Language, text: str) -> None:
    held = redaction(text, language)
    assert held.answer == held.original
    assert shown(text, language) == text


TAKEN: list[tuple[Language, str, str]] = [
    ("en", "Mail jane.doe@example.com or ring +1 415 555 0100.", "Mail [contact] or ring [contact]."),
    ("en", "it is jane dot doe at gmail dot com", "it is [contact]"),
    ("en", "My code is at github.com/janedoe.", "My code is at [contact]."),
    ("en", "He's sure it's hers.", "[person]'s sure it's [person]."),
    ("en", "An aunt gave me an Irish accent.", "A [person] gave me a [origin] accent."),
    ("en", "I am pregnant, and I am 54.", "I am [family], and I am [age]."),
    ("en", "We sell most before Christmas.", "We sell most before [holiday]."),
    ("en", "Emily wrote it. Later emily tested it.", "[name] wrote it. Later [name] tested it."),
    ("en", "Tovik is slow. My colleague Tovik knows.", "[name] is slow. My colleague [name] knows."),
    ("en", "The US team met in London, England.", "The [place] team met in [place]."),
    ("es", "Mi correo es ana@correo.mx.", "Mi correo es [contacto]."),
    ("es", "Una de las vecinas llamó a la señora Ruiz.", "Uno de los vecinos llamó al [nombre]."),
    ("es", "Vino una señora enojada. La llamé y la ayudé.", "Vino un [persona] enojado. Lo llamé y lo ayudé."),
    ("es", "Estoy casada y soy católica.", "Estoy [familia] y soy [religión]."),
    ("es", "Yo misma fui la única programadora del Perú.", "Yo mismo fui el único programador de [lugar]."),
]


@pytest.mark.parametrize(("language", "text", "left"), TAKEN, ids=lambda value: value[:30])
def test_what_is_left_can_be_read(language: Language, text: str, left: str) -> None:
    assert shown(text, language) == left


def test_a_name_known_from_the_account_is_taken_out_however_it_is_written() -> None:
    text = "I, Wren Halloway, signed it; later wren halloway did, and HALLOWAY too."
    assert shown(text, "en", "Wren Halloway") == "I, [name], signed it; later [name] did, and [name] too."


def test_an_account_name_that_is_a_word_is_taken_out_where_it_is_written_as_a_name() -> None:
    assert shown("I will ask Will to mark it.", "en", "Will Mark") == "I will ask [name] to mark it."


def test_an_answer_in_the_other_language_is_redacted_by_its_own_rules() -> None:
    text = (
        "Soy ingeniera y trabajé sola con mi esposo en el proyecto de la empresa que te dije, con los datos del banco."
    )
    assert shown(text, "en") == shown(text, "es")
    assert "ingeniera" not in shown(text, "en")
    assert (
        "he"
        in shown("Lo que he hecho con ten y son es que he visto el plan de la empresa por los datos.", "en").split()
    )


# --- the way back ---------------------------------------------------------------------------------------------------


def judged(*quotes: Quote) -> Score:
    return Score("c", 3, None, "An anchor.", quotes, (), (), None, "judge", {})


def test_a_quote_comes_back_as_it_was_said() -> None:
    text = "My name is Emily Walsh, and my husband asked why. I cut the cost by half."
    held = redaction(text)
    seen = held.answer.turns[0].text
    start = seen.index("my [person]")
    quote = Quote(text=seen[start:], seq=1, start=start, end=len(seen))
    (back,) = held.restored(judged(quote)).evidence
    assert back.text == "my husband asked why. I cut the cost by half."
    assert text[back.start : back.end] == back.text


def test_a_quote_that_cuts_into_a_label_holds_all_of_what_it_stands_for() -> None:
    held = redaction("I asked Emily Walsh.")
    seen = held.answer.turns[0].text
    start = seen.index("me]")
    (back,) = held.restored(judged(Quote(text=seen[start:], seq=1, start=start, end=len(seen)))).evidence
    assert back.text == "Emily Walsh."


def test_a_quote_that_was_not_in_what_the_scorer_saw_is_dropped() -> None:
    held = redaction("I asked Emily Walsh.")
    assert held.restored(judged(Quote(text="Emily Walsh", seq=1, start=8, end=19))).evidence == ()


def test_the_quotes_of_each_judge_come_back_too() -> None:
    held = redaction("I asked Emily Walsh.")
    seen = held.answer.turns[0].text
    one = judged(Quote(text=seen, seq=1, start=0, end=len(seen)))
    back = held.restored(msgspec.structs.replace(one, judges=(one,)))
    assert back.judges[0].evidence == back.evidence
    assert back.evidence[0].text == "I asked Emily Walsh."


def test_words_keep_their_places_and_a_badly_heard_name_is_as_certain_as_any_other() -> None:
    text = "I asked Emily Walsh twice."
    places = [(match.start(), match.end()) for match in re.finditer(r"[^\s.]+", text)]
    words = tuple(
        HeardWord(text[start:end], start, end, at * 100, at * 100 + 90, 0.2 if 8 <= start < 19 else 0.9)
        for at, (start, end) in enumerate(places)
    )
    spoken = msgspec.structs.replace(answer(text), turns=(AnswerTurn(1, text, None, words),))
    (turn,) = redacted(spoken).answer.turns
    assert turn.text == "I asked [name] twice."
    assert [(word.text, word.from_ms, word.to_ms, word.confidence) for word in turn.words] == [
        ("I", 0, 90, 0.9),
        ("asked", 100, 190, 0.9),
        ("[name]", 200, 390, 1.0),
        ("twice", 400, 490, 0.9),
    ]
    assert all(turn.text[word.start : word.end] == word.text for word in turn.words)


@patient
@given(texts, languages, st.data())
def test_any_stretch_of_what_is_seen_leads_to_a_stretch_of_what_was_said(
    text: str, language: Language, data: st.DataObject
) -> None:
    held = redaction(text, language)
    seen = held.answer.turns[0].text
    start = data.draw(st.integers(0, max(0, len(seen) - 1)))
    end = data.draw(st.integers(start, len(seen)))
    score = judged(Quote(text=seen[start:end], seq=1, start=start, end=end))
    restored = held.restored(score)
    assert refuse_unfounded(restored, held.original) == restored
    assert len(restored.evidence) == (1 if start < end else 0)


@patient
@given(texts, languages)
def test_redacting_again_changes_nothing(text: str, language: Language) -> None:
    seen = shown(text, language)
    assert shown(seen, language) == seen


@patient
@given(texts, languages)
def test_all_that_was_said_is_either_kept_or_accounted_for(text: str, language: Language) -> None:
    held = redaction(text, language)
    seen = held.answer.turns[0].text
    assert held.before(1, 0, len(seen)) == (0, len(text) if seen else 0)
    assert bool(held.rewritings) == (seen != text)


@patient
@given(
    st.lists(st.sampled_from("we the cache query index retry slow log fast the a of 20 ms % Kafka".split())).map(
        " ".join
    )
)
def test_text_without_a_personal_word_stays_to_the_byte(text: str) -> None:
    assert shown(text) == text
    assert shown(text, "es") == text
