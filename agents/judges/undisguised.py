"""A text as a reader would take it, whatever it is disguised in; every character knows where it stood."""

import unicodedata

import msgspec

_LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁһԛԝкмтвнАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧοανικερτυηγω",
    "aeopcyxijsdhqwkmtbhABEKMHOPCTYXIJSABEZHIKMNOPTYXoavikeptunyw",
)
"""Letters of other scripts that look like Latin ones."""
_TAGS = 0xE0000
"""Unicode's plane 14 spells ASCII in letters that nobody sees."""


class View(msgspec.Struct, frozen=True):
    """`text[i]` stood at `places[i]` of the original; one character of the original may have become several."""

    text: str
    places: tuple[int, ...]
    length: int
    """Of the original."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a stretch of the view stood, in characters of the original, with all that is invisible in it."""
        first = self.places[start] if start < len(self.places) else self.length
        last = self.places[end] if end < len(self.places) else self.length
        return first, max(first, last)


def undisguised(text: str) -> View:
    """The text without what cannot be seen, in plain letters: no full width, no tags, no letters of other scripts
    within a Latin word. Case and accents stay.
    """
    if text.isascii() and text.replace("\n", " ").replace("\t", " ").isprintable():
        return View(text, tuple(range(len(text))), len(text))
    shown: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        code = ord(character)
        if 0x20 <= code - _TAGS < 0x7F:
            written = chr(code - _TAGS)
        elif character in "\n\t":
            written = character
        elif unicodedata.category(character).startswith("C") or 0xFE00 <= code <= 0xFE0F:
            continue
        else:
            written = unicodedata.normalize("NFKC", character)
        shown.extend(written)
        places.extend([place] * len(written))
    return View(_latin("".join(shown)), tuple(places), len(text))


def _latin(text: str) -> str:
    """With look-alikes as the Latin letters they pass for, in words that have Latin letters as well."""
    if text.isascii():
        return text
    words = text.split(" ")
    return " ".join(word.translate(_LOOKALIKES) if has_mixed_scripts(word) else word for word in words)


def has_mixed_scripts(word: str) -> bool:
    """Whether Latin letters stand among Cyrillic or Greek ones; a single Greek letter is a unit's, as in `μs`."""
    latin = sum(c.isascii() and c.isalpha() for c in word)
    cyrillic = sum("\u0400" <= c <= "\u052f" for c in word)
    greek = sum("\u0370" <= c <= "\u03ff" for c in word)
    return latin > 0 and (cyrillic > 0 or (greek > 0 and latin + greek > 3))


def folded(view: View) -> View:
    """The view in lower case without accents."""
    if view.text.isascii():
        return View(view.text.lower(), view.places, view.length)
    shown: list[str] = []
    places: list[int] = []
    for character, place in zip(view.text, view.places, strict=True):
        written = without_accents(character.casefold())
        shown.extend(written)
        places.extend([place] * len(written))
    return View("".join(shown), tuple(places), view.length)


def without_accents(text: str) -> str:
    """The text without the accents of Latin, Greek, Cyrillic and Arabic letters; those of other scripts are letters."""
    if text.isascii():
        return text
    plain = (unicodedata.normalize("NFKD", c) if c < "\u0700" else c for c in text)
    return "".join(c for part in plain for c in part if c >= "\u0700" or not unicodedata.combining(c))
