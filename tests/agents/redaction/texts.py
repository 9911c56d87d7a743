"""Answers for the tests of redaction, and texts made of what people say of themselves."""

from uuid import UUID

from hypothesis import strategies as st

from agents.library import load_library
from agents.plans import Language
from agents.redaction import Redacted, redacted
from agents.scoring import Answer, AnswerTurn

_LIBRARY = load_library()
_PLAN = _LIBRARY.plans["backend-engineer"]
_QUESTION = _PLAN.questions[0]
_COMPETENCY = _LIBRARY.rubrics[_PLAN.rubric].competency(_QUESTION.competency)

_WRITTEN = r"""
my name is|me llamo|I am|soy|tengo|years old|años|fifty-eight|54|cuarenta y dos|from|de|Lagos
El Alto|in Paris|University of Nairobi|la Universidad de Cuzco|my colleague|mi compañera|Karen|DeShawn
Wilmer Quispe|de la Serna|van der Berg|Mrs|don|señora|Dr.|and|y|,|.|?|um|eh|o sea|husband
wife|esposo|la vecina|una de las vecinas|sola|segura|she|he|her|his|él|ella|la llamé|estaba
estuve|yo|ingeniera|auxiliar|a|an|una|un|el|la|del|al|the|who|I|our|mosque|church|misa
católica|Muslim|was born in|1984|graduated|left school|four years ago|hace tres años|salí del colegio
my|mi|familia|parents|Vietnamese|peruana|first language is Tagalog|jane@example.com|+34 600 111 222
github.com/jane|Java|Jenkins|Ruby|20 ms|54 %|Kafka|[name]|[persona]|[unheard]|[|]|Monte Carlo
Will|Rose|May|US|U.S.|the Netherlands|Perú|pregnant|casada|three kids|hijos|ADHD|dyslexic|Black
woman|man|mujer|"|(|)|-|'s|the youngest|la más joven|juntas|contamos|nosotras|Christmas|Navidad
@|_|\n|call me|this is|here|speaking|aunt|tía|María|José|José-Luis|O'Brien|Al-Hassan|naïve
ñandú|Ñusta|İstanbul|ß|æ|é|中文|😀
"""
PIECES = [piece.replace("\\n", "\n") for line in _WRITTEN.split("\n") for piece in line.split("|") if piece]
"""What redaction looks for, what it must leave, and what comes between."""

said = st.lists(st.sampled_from(PIECES), max_size=24).map(" ".join)
pasted = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
anything = st.text(max_size=200)
texts = st.one_of(said, pasted, anything, st.tuples(said, anything).map(" ".join))
languages = st.sampled_from(["en", "es"])


def answer(*said: str, language: Language = "en") -> Answer:
    turns = tuple(AnswerTurn(at, text) for at, text in enumerate(said, start=1))
    return Answer(UUID(int=1), _QUESTION, _COMPETENCY, language, 1, turns)


def redaction(text: str, language: Language = "en", *names: str) -> Redacted:
    return redacted(answer(text, language=language), names=names)


def shown(text: str, language: Language = "en", *names: str) -> str:
    """What a scorer gets to see."""
    return redaction(text, language, *names).answer.turns[0].text
