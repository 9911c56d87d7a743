"""The classes of words that the rules of redaction know, and the rules of one language ready to be matched."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agents.plans import Language
from agents.redaction.known import Phrases, names, places
from agents.redaction.patterns import CAPITAL, NUMBER, Check, Class, Rule, class_of, gap_with, one_of, rule

_CAPITAL_WORD = r"[A-Z](?=[\w'-]*[a-z])(?:\w|['-](?=\w)(?!s\b))*"
_LINK = r"(?:(?:de|del|la|las|los|el|van|von|der|den|da|dos|do|bin|ben|al|ibn|y|e)\s+){0,3}"
_SEQUENCE = rf"{_CAPITAL_WORD}(?:\s+{_LINK}{_CAPITAL_WORD}){{0,3}}"
_WORD = re.compile(r"[^\W_]+")
_ARTICLE = re.compile(r"(?:the|la|el|los|las)\s+", re.IGNORECASE)
_APART = re.compile(r",?\s+")
_ACRONYM = re.compile(r"[A-Z]{2,6}(?!\w)")
_KIND = re.compile(r"\s+(?:State\s+)?(?:University|College|Institute|Polytechnic)(?!\w)")
_BETWEEN = re.compile(r"\s+|-|'|\.\s*")
_SEQUENCED = re.compile(_SEQUENCE)
_BELIEVERS: dict[Language, str] = {
    "en": "christian/christians/muslim/muslims/jew/jews/catholics/protestants/hindus/buddhists/sikhs/mormons/believer",
    "es": "creyente/creyentes",
}


def rules_of(language: Language, held: Mapping[str, Any]) -> dict[str, tuple[Rule, ...]]:
    """The rules of a lexicon's file by the words that they may begin with, each group in the file's order."""
    gap = gap_with(held["fillers"].split("/"))
    classes = _classes(language, held)
    filed: dict[str, list[Rule]] = {}
    for line in held["rules"].splitlines():
        made = rule(line, classes, gap)
        for first in made.firsts:
            filed.setdefault(first, []).append(made)
    return {first: tuple(found) for first, found in filed.items()}


def _classes(language: Language, held: Mapping[str, Any]) -> dict[str, Class]:
    function_words = frozenset(held["function_words"].split())
    peoples = places().peoples_english if language == "en" else places().peoples_spanish
    religious = held["religious"].split("/")
    age, count, decade, year = _numbers(language)
    numbers = frozenset({NUMBER}) | _number_words(language)
    capital = frozenset({CAPITAL})
    is_capital = _capital(function_words)
    return {
        "name": Class(rf"(?:{_SEQUENCE}|[a-z][\w'-]+(?:\s+[a-z][\w'-]+)?)", capital, check=_strong(function_words)),
        "titled": Class(rf"\.?\s*(?:{_SEQUENCE}|[a-z][\w'-]{{2,}})", capital, check=_titled(function_words)),
        "Cap": Class(_SEQUENCE, capital, check=is_capital),
        "known": Class(rf"[^\W\d_]+(?:\s+{_LINK}{_CAPITAL_WORD}){{0,3}}", capital, check=_known),
        "surname": Class(r"[^\W\d_]+", names().surnames, check=_among(names().surnames)),
        "cue": class_of(held["person_cues"].split()),
        "Place": Class(r"\w+(?:['. -]+\w+){0,4}", capital, check=_place(is_capital)),
        "City": Class(r"\w+(?:['. -]+\w+){0,4}", capital, check=_place(None)),
        "University": Class(r"\w+(?:['. -]+\w+){0,4}", capital, check=_university(_place(is_capital))),
        "Language": Class(r"\w+(?:\s+\w+){0,1}", capital, check=_language(is_capital)),
        "tongue": Class(r"[^\W\d_]+", class_of(places().languages).firsts, check=_among(places().languages)),
        "people": Class(
            r"(?:(?:[Cc]osta|[Pp]uerto|[Ss]outh|[Nn]orth|[Nn]orthern|[Ss]ri|[Nn]ew)[ -])?[^\W\d_]+",
            class_of(peoples).firsts,
            check=_among(peoples),
        ),
        "age": Class(age, numbers),
        "count": Class(count, numbers),
        "decade": class_of(decade),
        "year": Class(year, frozenset({NUMBER, "nineteen", "twenty", "two", "mil", "dos"})),
        "phone": Class(r"\+?\(?\d[\d\s().-]{5,}\d", frozenset({NUMBER})),
        "handle": Class(r"@?[\w.-]{2,}\w", capital),
        "my": Class(one_of("my the our high".split() if language == "en" else ["mi"]), frozenset(), is_optional=True),
        "religious": class_of(religious),
        "gathering": class_of(held["gatherings"].split("/")),
        "believer": class_of([*religious, *_BELIEVERS[language].split("/")]),
        "condition": class_of(held["conditions"].split("/")),
        "illness": class_of(held["illnesses"].split("/")),
    }


def _among(words: frozenset[str]) -> Check:
    def check(text: str, start: int, end: int) -> int | None:
        return end if re.sub(r"[ -]+", "_", text[start:end].lower()) in words else None

    return check


def _capital(function_words: frozenset[str]) -> Check:
    """A name in capitals that is not known to be something else."""

    def check(text: str, start: int, end: int) -> int | None:
        first = _WORD.match(text, start)
        word = first.group().lower() if first else ""
        is_other = word in function_words or (word in names().also_technology and word not in names().also_words)
        return None if is_other else end

    return check


def _strong(function_words: frozenset[str]) -> Check:
    """Behind words that can only introduce a name: what stands there, up to the first function word."""

    def check(text: str, start: int, end: int) -> int | None:
        if _SEQUENCED.fullmatch(text, start, end):
            return None if text[start:end].lower() in function_words else end
        last = None
        for match in _WORD.finditer(text, start, end):
            if match.group().lower() in function_words:
                break
            last = match.end()
        return last

    return check


def _titled(function_words: frozenset[str]) -> Check:
    def check(text: str, start: int, end: int) -> int | None:
        first = _WORD.search(text, start, end)
        return None if first is None or first.group().lower() in function_words else end

    return check


def _known(text: str, start: int, end: int) -> int | None:
    first = _WORD.match(text, start)
    if first is None:
        return None
    word, key = first.group(), first.group().lower()
    if key in names().first:
        return end if word[0].isupper() or len(word) > 3 else None
    also = names().also_words | names().also_technology
    return end if key in also and word[0].isupper() and not word.isupper() else None


def place_at(text: str, start: int, found: Phrases) -> int | None:
    """Where the longest of these places that begins here ends, words and what stands between them compared loosely."""
    first = _WORD.match(text, start)
    if first is None:
        return None
    for words, _ in found.get(first.group().lower(), ()):
        end = _end_of(text, first.end(), words[1:])
        if end is not None:
            return end
    return None


def _end_of(text: str, at: int, words: Sequence[str]) -> int | None:
    for word in words:
        between = _BETWEEN.match(text, at)
        following = _WORD.match(text, between.end()) if between else None
        if following is None or following.group().lower() != word:
            return None
        at = following.end()
    return at


def _place(otherwise: Check | None) -> Check:
    """A place that is known, its article and the country behind it; or any name in capitals."""

    def check(text: str, start: int, end: int) -> int | None:  # noqa: ARG001
        article = _ARTICLE.match(text, start)
        for at in (start, *((article.end(),) if article else ())):
            found = place_at(text, at, places().anywhere) or place_at(text, at, places().with_a_sign)
            if found is not None:
                country = _APART.match(text, found)
                beyond = place_at(text, country.end(), places().anywhere) if country else None
                return beyond or found
        sequence = _SEQUENCED.match(text, start)
        if sequence is None or otherwise is None:
            return None
        return otherwise(text, start, sequence.end())

    return check


def _university(otherwise: Check) -> Check:
    def check(text: str, start: int, end: int) -> int | None:
        acronym = _ACRONYM.match(text, start)
        found = acronym.end() if acronym else otherwise(text, start, end)
        kind = _KIND.match(text, found) if found is not None else None
        return kind.end() if kind else found

    return check


def _language(otherwise: Check) -> Check:
    def check(text: str, start: int, end: int) -> int | None:
        first = _WORD.match(text, start)
        if first is None:
            return None
        whole = re.sub(r"\s+", "_", text[start:end].lower())
        if whole in places().languages:
            return end
        if first.group().lower() in places().languages:
            return first.end()
        sequence = _SEQUENCED.match(text, start)
        return None if sequence is None else otherwise(text, start, sequence.end())

    return check


_ENGLISH_UNITS = "one two three four five six seven eight nine".split()
_ENGLISH_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_ENGLISH_TEENS = "fourteen fifteen sixteen seventeen eighteen nineteen".split()
_ENGLISH_FEW = "ten eleven twelve thirteen a a_few several some a_couple_of many no".split()
_SPANISH_UNITS = "uno un dos tres cuatro cinco seis siete ocho nueve".split()
_SPANISH_TENS = "treinta cuarenta cincuenta sesenta setenta ochenta noventa".split()
_SPANISH_TEENS = "catorce quince dieciseis diecisiete dieciocho diecinueve veinte".split()
_SPANISH_TWENTIES = [f"veinti{unit}" for unit in _SPANISH_UNITS]
_SPANISH_FEW = "una diez once doce trece varios varias unos algunos algunas muchos pocos".split()
_DIGITS_OF_AGE = r"(?:1[4-9]|[2-9]\d)(?![\w%]|[.,:]\d|\s*%)"


def _numbers(language: Language) -> tuple[str, str, list[str], str]:
    """Patterns of an age from 14 to 99 and of a small count; words for decades of a life; the pattern of a year."""
    if language == "en":
        both = f"{one_of(_ENGLISH_TENS)}(?:[ -]{one_of(_ENGLISH_UNITS)})?|{one_of(_ENGLISH_TEENS)}"
        few = one_of([*_ENGLISH_UNITS, *_ENGLISH_FEW])
        decade = "teens twenties thirties forties fifties sixties seventies eighties 20s 30s 40s 50s 60s 70s".split()
        spoken = rf"(?i:nineteen|twenty)[ -](?:{both}|{few})|(?i:two thousand)(?: and)?(?: {few})?"
    else:
        both = (
            f"{one_of(_SPANISH_TENS)}(?: y {one_of(_SPANISH_UNITS)})?|{one_of([*_SPANISH_TEENS, *_SPANISH_TWENTIES])}"
        )
        few = one_of([*_SPANISH_UNITS, *_SPANISH_FEW])
        decade = ["veintes"]
        spoken = rf"(?i:mil novecientos) (?:{both}|{few})|(?i:dos mil)(?: (?:{both}|{few}))?"
    age = rf"(?>{_DIGITS_OF_AGE}|{both})"
    return age, rf"(?>\d{{1,3}}(?!\w)|{both}|{few})", decade, rf"(?:(?:19|20)\d\d(?!\w)|{spoken})"


def _number_words(language: Language) -> frozenset[str]:
    if language == "en":
        held = [*_ENGLISH_UNITS, *_ENGLISH_TENS, *_ENGLISH_TEENS, *_ENGLISH_FEW]
    else:
        held = [*_SPANISH_UNITS, *_SPANISH_TENS, *_SPANISH_TEENS, *_SPANISH_TWENTIES, *_SPANISH_FEW]
    return class_of(held).firsts
