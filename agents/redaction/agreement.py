"""Spanish without the speaker's gender, nor anybody's: what agrees with a person stands in the form for everybody."""

from collections.abc import Callable, Sequence

from agents.redaction.lexicon import Gendered
from agents.redaction.words import Word

PutWord = Callable[[int, int, str], bool]
"""Writes words anew, from the first to the last of them."""

_NEAR = 80
"""A pronoun stands for a person who was named at most so many words before."""
_CONTRACTED = {"de": "del", "a": "al"}
_JOINING = frozenset({"y", "e", "o", "ni", "pero", "ademas"})
_KEEPS_MEETINGS = frozenset(
    "las unas dos tres muchas varias estas esas en de sus mis tus nuestras tuvimos tenemos teniamos hacemos hicimos "
    "haciamos tener hacer tuve tengo hay habia con para por a".split()
)
_PREPOSITIONS = frozenset("a ante bajo con contra de desde en entre hacia para por segun sin sobre tras".split())
"""Behind these "ella" and "ellas" may be things, while what does something is a person."""
_SUPERLATIVES = frozenset("unica primera ultima mejor peor segunda tercera mas menos que".split())


class Agreement:
    """What is said of persons in one text, word by word."""

    def __init__(self, gendered: Gendered, function_words: frozenset[str], words: Sequence[Word], put: PutWord) -> None:
        self._held = gendered
        self._function_words = function_words | {""}
        self._words = words
        self._put = put
        self._person_at = -_NEAR - 1

    def saw_label(self, index: int) -> None:
        """A person, or what stands for one, was named here."""
        self._person_at = index

    def person(self, index: int, label: str) -> bool:
        """A word for a person gives way to its label; what stands before and behind agrees with nothing any more."""
        if not self._put(index, index, label):
            return False
        self._person_at = index
        self.articles_before(index - 1)
        self._adjective_behind(index)
        return True

    def agree(self, index: int) -> None:
        """What this word says of a person's gender is said for everybody."""
        word = self._words[index]
        held = self._held
        key = word.key
        before = self._words[index - 1].key if index else ""
        if key in held.nouns and self._is_of_person(index):
            self._person_at = index
            if self._put(index, index, _ACCENTS.get(held.nouns[key], held.nouns[key])):
                self.articles_before(index - 1)
                self._adjective_behind(index)
        elif key in held.common_nouns:
            self._person_at = index
            self.articles_before(index - 1)
            self._adjective_behind(index)
        elif key in held.self_pronouns and (before not in _PREPOSITIONS or self._is_near(index)):
            self._person_at = index
            self._put(index, index, "él" if key == "ella" else held.self_pronouns[key])
        elif key in held.moods and self._is_predicate(index, key):
            self._masculine(index)
        elif key in {"misma", "mismas"} and before in {"yo", "mi", "ti", "nosotras", "ella", "ellas", "si"}:
            if before != "si":
                self._masculine(index)
        elif key == "juntas" and before not in _KEEPS_MEETINGS and (before.endswith("mos") or self._is_near(index)):
            self._masculine(index)
        elif key in held.enclitics and self._is_near(index):
            self._put(index, index, f"{key[:-1]}o")
        elif key in {"la", "las"} and self._is_near(index):
            self._pronoun(index)
        if key in held.first_person or (key in held.of_anyone and self._is_of_speaker(index)):
            self._predicates(index)

    # --- parts --------------------------------------------------------------------------------------------------

    def articles_before(self, index: int) -> None:
        """The words that agree with a noun that begins behind word `index`, in the form for everybody."""
        held = self._held
        at = index
        while at >= 0 and self._joined(at) and self._words[at].key in held.articles:
            form = held.articles[self._words[at].key]
            before = self._words[at - 1].key if at and self._joined(at - 1) else ""
            if form == "el" and self._words[at].key == "la" and before in _CONTRACTED:
                self._put(at - 1, at, _CONTRACTED[before])
                at -= 2
                continue
            if form != self._words[at].key:
                self._put(at, at, form)
            at -= 1
        # "Una de las vecinas": one of them is said of a person as well.
        if at >= 1 and at < index and self._words[at].key == "de" and self._joined(at) and self._joined(at - 1):
            one = {"una": "uno", "alguna": "alguno", "ninguna": "ninguno", "otra": "otro", "algunas": "algunos"}
            one_form = one.get(self._words[at - 1].key)
            if one_form is not None:
                self._put(at - 1, at - 1, one_form)

    def _joined(self, index: int) -> bool:
        """Whether nothing but one space stands between a word and the next."""
        return index + 1 < len(self._words) and self._words[index + 1].gap == " "

    def _adjective_behind(self, index: int) -> None:
        held = self._held
        if not self._joined(index):
            return
        key = self._words[index + 1].key
        if key in held.moods or key in held.self_adjectives:
            self._masculine(index + 1)

    def _is_of_person(self, index: int) -> bool:
        """Whether a noun of persons that is also a thing, or said of things, stands for a person here."""
        held = self._held
        key = self._words[index].key
        before = self._words[index - 1].key if index and self._joined(index - 1) else ""
        if key in held.also_things:
            return before in {"soy", "mi", "nuestra", "como", "fui", "era", "es", "tu", "su"}
        return key not in held.also_adjectives or before in self._function_words or before in held.articles

    def _is_near(self, index: int) -> bool:
        return index - self._person_at <= _NEAR

    def _is_predicate(self, index: int, key: str) -> bool:
        held = self._held
        before = [word.key for word in self._words[max(0, index - 2) : index]]
        if not before or any(word in held.not_before_moods for word in before):
            # "Una función sola": it is said of the noun between the two.
            return False
        if key in {"sola", "solas"}:
            # "Se ejecuta sola" is said of a function, unless somebody was named.
            return "se" not in before or self._is_near(index)
        verbs = (held.first_person, held.of_anyone, held.second_persons, held.adverbs)
        return any(before[-1] in each for each in verbs) or before[-1].endswith(("ar", "er", "ir"))

    def _is_of_speaker(self, index: int) -> bool:
        near = {word.key for word in self._words[max(0, index - 2) : index]}
        behind = self._words[index + 1].key if index + 1 < len(self._words) else ""
        return bool(near & {"yo", "me", "he", "habia"}) or behind == "yo"

    def _predicates(self, index: int) -> None:
        """What the speaker is said to be: adjectives behind the verb, each in the form for everybody."""
        held = self._held
        at = index + 1
        left = 3
        while at < len(self._words) and left and (len(self._words[at].gap) <= 2):
            key = self._words[at].key
            if (
                key in held.adverbs
                or key in {"yo", "y", "e", "eh", "este"}
                or key in _JOINING
                or key in held.first_person
            ):
                at += 1
                continue
            if key in {"la", "las"} and at + 1 < len(self._words) and self._words[at + 1].key in _SUPERLATIVES:
                self._put(at, at, "el" if key == "la" else "los")
                at += 1
                continue
            if self._form(key) is None:
                return
            self._masculine(at)
            at += 1
            left -= 1

    def _form(self, key: str) -> str | None:
        """The form for everybody of a feminine adjective or participle; None of any other word."""
        held = self._held
        if key in held.self_adjectives:
            return held.self_adjectives[key]
        if key in held.moods or key in {"misma", "mismas"}:
            return f"{key[:-1]}o" if key.endswith("a") else f"{key[:-2]}os"
        if key in held.not_self or len(key) < 5:
            return None
        for old, new in held.endings:
            if key.endswith(old):
                return key[: -len(old)] + new
        return None

    def _masculine(self, index: int) -> None:
        form = self._form(self._words[index].key)
        if form is not None and form != self._words[index].key:
            self._put(index, index, _ACCENTS.get(form, form))

    def _pronoun(self, index: int) -> None:
        """`la`, `las` before a verb that has a person for its object."""
        if not self._joined(index):
            return
        following = self._words[index + 1].key
        if following in self._held.person_verbs:
            self._put(index, index, "lo" if self._words[index].key == "la" else "los")


_ACCENTS = {
    "nino": "niño",
    "ninos": "niños",
    "companero": "compañero",
    "companeros": "compañeros",
    "disenador": "diseñador",
    "disenadores": "diseñadores",
    "dueno": "dueño",
    "medico": "médico",
    "medicos": "médicos",
    "psicologo": "psicólogo",
    "cientifico": "científico",
    "farmaceutico": "farmacéutico",
    "fotografo": "fotógrafo",
    "lider": "líder",
    "mecanico": "mecánico",
    "matematico": "matemático",
    "musico": "músico",
    "quimico": "químico",
    "fisico": "físico",
    "biologo": "biólogo",
    "tecnico": "técnico",
    "capitan": "capitán",
    "metodico": "metódico",
    "practico": "práctico",
    "rapido": "rápido",
    "timido": "tímido",
    "unico": "único",
    "ultimo": "último",
    "algun": "algún",
    "ningun": "ningún",
    "pequeno": "pequeño",
}
