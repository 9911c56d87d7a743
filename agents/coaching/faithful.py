"""Whether a sentence tells nothing that the candidate did not tell: figure by figure, name by name, word by word. Pure.

A better version of somebody's answer must not lend them facts. Whatever carries meaning in it must stand in their own
words; only what holds a sentence together, and a short list that orders what is told, is free. It errs towards
refusing: a sentence that is refused for nothing costs a nicer wording, one that is let through wrongly is a lie in the
candidate's mouth.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from agents.plans import Language
from agents.rehearsal.lexicon import LEXICONS
from agents.rehearsal.words import Token, fold, stem, tokens

COMPANY = 6
"""Words around a figure in the answer among which what it counts in the sentence must stand."""
_REACH = 4
"""Words within which a denial, a "would" or an "I" is taken to be about the next word of meaning."""

_FREE: dict[Language, frozenset[str]] = {
    "en": frozenset(
        """
        a an the and or but so if then than that this these those there here who whom whose which what where when while
        how as of in on at by for from to with into onto out up down off over under about across after before during
        between through until since within per because though although also too just
        i me my mine we us our you your they them their he him his she her it its one's
        am is are was were be been being do does did done have has had having will would could should can may might must
        i'm i've i'd i'll we're we've we'd we'll it's that's they're there's
        not no don't doesn't didn't isn't aren't wasn't weren't couldn't wouldn't can't won't haven't hasn't hadn't
        any some other another more very both such own
        first next finally later afterwards therefore meanwhile however once result end time reason situation order
        """.split()
    ),
    "es": frozenset(
        """
        el la los las un una unos unas lo al del y e o u ni que quien quienes cual cuales cuando donde como porque por
        para con sin en de a ante bajo desde durante entre hacia hasta segun sobre tras si pero aunque mientras sino
        yo me mi mis nosotros nos nuestro nuestra nuestros nuestras tu tus te ellos ellas el ella ello les le se su sus
        es era eran fue fueron ser sido soy somos son estaba estaban estoy esta estan estuve estuvo estabamos eramos
        habia habian ha han he hemos hay hubo haber habiamos habria habrian
        puede pueden podia podian podria podrian debe deben debia debian deberia deberian
        no esto eso este ese esta esa estos esos estas esas aquel aquella ya mas muy asi luego entonces despues antes
        otro otra otros otras algun alguna algunos algunas tanto tan tambien propio propia
        primero finalmente ademas final fin resultado momento tiempo razon situacion orden vez
        """.split()
    ),
}
"""Words that bring no fact by themselves: those that hold a sentence together and those that order what is told.

Words of quantity (all, every, only, never, alone) are not among them: "all customers" is more than "customers".
"""
_DENIAL: dict[Language, frozenset[str]] = {
    "en": frozenset(
        "not no never without nothing nobody none neither nor don't doesn't didn't isn't aren't wasn't weren't "
        "couldn't wouldn't can't cannot won't haven't hasn't hadn't".split()
    ),
    "es": frozenset("no nunca jamas sin ni tampoco nada nadie ninguno ninguna ningun".split()),
}
_SUPPOSED: dict[Language, frozenset[str]] = {
    "en": frozenset("would could should might may i'd we'd they'd wouldn't couldn't shouldn't".split()),
    "es": frozenset("podria podrian deberia deberian habria habrian podriamos deberiamos".split()),
}
_ADVERBS: dict[Language, re.Pattern[str]] = {
    "en": re.compile(
        r"(?!(?:ap|re|sup|multi)ply|family|rely|anomaly|assembly)\w{2,}ly|just|even|maybe|perhaps|always|often|still|ever|quite|rather"
    ),
    "es": re.compile(r"\w{2,}mente|solo|aun|quizas|quiza|siempre|casi|apenas|todavia"),
}
"""Words that stand between a "would" or a "not" and what it is about; said they must be all the same."""
_CONDITIONAL = re.compile(r"\w{2,}r(?:ia|ias|iamos|ian)")
_OWN = frozenset("i i'm i've i'd i'll my me myself mine".split())
_OWN_PAST = re.compile(r"[^\W\d_]{2,}[éí]", re.IGNORECASE)
_OWN_IRREGULAR = frozenset("hice fui tuve dije puse propuse pude quise vine traje estuve supe anduve di".split())
_FIGURE = re.compile(r"\d+(?:[.,:]\d+)*")
_STOP = re.compile(r"[.!?…]+(?=\s|$)|\n")
_PERCENT = frozenset({"percent", "ciento", "porciento"})

_UNITS: dict[Language, str] = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis "
    "diecisiete dieciocho diecinueve veinte",
}
_TENS: dict[Language, str] = {
    "en": "twenty thirty forty fifty sixty seventy eighty ninety hundred",
    "es": "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa cien",
}


def _values(language: Language) -> dict[str, str]:
    units = {word: str(value) for value, word in enumerate(_UNITS[language].split())}
    return units | {word: str(10 * value) for value, word in enumerate(_TENS[language].split(), start=2)}


_VALUES: dict[Language, dict[str, str]] = {"en": _values("en"), "es": _values("es")}
"""Numbers that are written as words or in digits, and are the same."""


class _Read(msgspec.Struct, frozen=True):
    """One word of a text, as it stands there."""

    token: Token
    written: str
    stem: str
    is_free: bool
    figure: str
    """Its value where it is a number, else ""."""
    is_adverb: bool
    opens: bool
    """It is the first of a sentence."""
    sentence: int


class Faithful:
    """What one candidate told in one answer, to hold sentences against."""

    def __init__(self, said: Sequence[str], language: Language) -> None:
        """`said` is the answer's turns as they were said, in `language`."""
        self._language = language
        self._read = [read for each in said for read in _reading(each, language)]
        self._turns = [_reading(each, language) for each in said]
        self._words = {read.token.word for read in self._read}
        self._stems = {read.stem for read in self._read}
        self._figures = {read.figure for read in self._read if read.figure}
        self._capitals = {read.token.word for read in self._read if _is_capital(read.written) and not read.opens}
        self._marks = {(read.stem, marks) for turn in self._turns for read, marks in _marked(turn, language)}
        self._own = self._told_as_own()
        self._has_percent = any("%" in each for each in said) or not _PERCENT.isdisjoint(self._words)

    def new_in(self, sentence: str) -> tuple[str, ...]:
        """The words of a sentence that are not the candidate's; empty where it tells nothing new.

        A word counts as new also where the answer has it denied, supposed or somebody else's, and a figure where it
        stands by something else than in the answer.
        """
        read = _reading(sentence, self._language)
        new = [each.written for each in read if not self._is_known(each)]
        new += [each.written for each, marks in _marked(read, self._language) if self._is_turned(each, marks)]
        new += [each.written for each in self._claimed(read, sentence)]
        new += [read[at].written for at in range(len(read)) if read[at].figure and not self._keeps_company(read, at)]
        if "%" in sentence and not self._has_percent:
            new.append("%")
        return tuple(dict.fromkeys(new))

    def new_names_in(self, sentence: str, *, known: str = "") -> tuple[str, ...]:
        """The figures and names of a sentence that stand neither in the answer nor in `known`, a text of ours.

        For advice, whose other words are its own.
        """
        ours = _reading(known, self._language)
        figures = self._figures | {each.figure for each in ours}
        words = self._words | {each.token.word for each in ours}
        return tuple(
            each.written
            for each in _reading(sentence, self._language)
            if (each.figure and each.figure not in figures)
            or (_is_name(each) and not each.figure and each.token.word not in words)
        )

    def _is_known(self, read: _Read) -> bool:
        word = read.token.word
        if read.figure:
            return read.figure in self._figures
        if _is_name(read):
            return word in self._capitals or (word in self._words and not read.is_free)
        return read.is_free or read.stem in self._stems or (word in _PERCENT and self._has_percent)

    def _is_turned(self, read: _Read, marks: frozenset[str]) -> bool:
        """Whether the answer has the word, but never as the sentence has it: denied, or only supposed."""
        return read.stem in self._stems and (read.stem, marks) not in self._marks

    def _claimed(self, read: Sequence[_Read], sentence: str) -> Iterator[_Read]:
        """What the sentence has the candidate do that the answer tells of nobody or of somebody else."""
        if self._language == "es":
            yield from (each for each in read if _is_own_past(each) and each.stem not in self._own)
            return
        for _, deed in _following(read, _OWN):
            if deed.stem in self._stems and deed.stem not in self._own:
                yield deed
        if "myself" in sentence.casefold() and "myself" not in self._words:
            yield from (each for each in read if each.token.word == "myself")

    def _told_as_own(self) -> frozenset[str]:
        """The stems of what the candidate tells of themselves."""
        if self._language == "es":
            return frozenset(each.stem for each in self._read if _is_own_past(each))
        own: set[str] = set()
        for turn in self._turns:
            speaks = {each.sentence for each in turn if each.token.word in _OWN}
            own |= {each.stem for each in turn if each.sentence in speaks}
        return frozenset(own)

    def _keeps_company(self, read: list[_Read], at: int) -> bool:
        """Whether the figure stands by something that it stands by in the answer too."""
        counted = next((each for each in read[at + 1 : at + 3] if not each.is_free and not each.figure), None)
        near = [counted] if counted is not None and counted.sentence == read[at].sentence else _around(read, at)
        here = {each.stem for each in near if not each.is_free and not each.figure}
        if not here:
            return True
        figure = read[at].figure
        for turn in self._turns:
            for place, each in enumerate(turn):
                if each.figure == figure and here & {by.stem for by in _around(turn, place)}:
                    return True
        return False


def _reading(text: str, language: Language) -> list[_Read]:
    found = tokens(text)
    stops = [stop.end() for stop in _STOP.finditer(text)]
    read: list[_Read] = []
    sentence = 0
    for at, token in enumerate(found):
        opens = at == 0
        while stops and stops[0] <= token.start:
            stops.pop(0)
            opens = True
            sentence += 1
        read.append(
            _Read(
                token=token,
                written=text[token.start : token.end],
                stem=stem(token.word, language),
                is_free=token.word in _FREE[language],
                figure=_figure(token.word, language),
                is_adverb=_ADVERBS[language].fullmatch(token.word) is not None,
                opens=opens,
                sentence=sentence,
            )
        )
    return read


def _figure(word: str, language: Language) -> str:
    """The value of a number, as far as it is told by digits or one word: `1,200` and `1200`, `three` and `3`."""
    if word[:1].isdigit():
        found = _FIGURE.match(word)
        whole = found.group() if found else word
        return re.sub(r"[.,](?=\d{3}(?!\d))", "", whole).replace(",", ".")
    if word in _VALUES[language]:
        return _VALUES[language][word]
    return word if word in LEXICONS[language].numbers and word not in _PERCENT else ""


def _is_capital(written: str) -> bool:
    return written[:1].isupper() and fold(written) not in _OWN


def _is_name(read: _Read) -> bool:
    """Written as a name where no sentence begins, or with a capital within: `Lima`, `PostgreSQL`."""
    return (_is_capital(read.written) and not read.opens) or any(map(str.isupper, read.written[1:]))


def _is_own_past(read: _Read) -> bool:
    word = read.token.word
    if word in _OWN_IRREGULAR:
        return True
    return bool(_OWN_PAST.fullmatch(read.written)) and word not in LEXICONS["es"].not_own_past


def _around(read: list[_Read], at: int) -> list[_Read]:
    """The words of its sentence about one, within `COMPANY`."""
    near = read[max(0, at - COMPANY) : at] + read[at + 1 : at + 1 + COMPANY]
    return [each for each in near if each.sentence == read[at].sentence]


def _following(read: Sequence[_Read], words: frozenset[str]) -> Iterator[tuple[_Read, _Read]]:
    """Each of these words with the first word of meaning after it in its sentence, within `_REACH`."""
    for at, each in enumerate(read):
        if each.token.word not in words:
            continue
        for after in read[at + 1 : at + 1 + _REACH]:
            if after.sentence != each.sentence:
                break
            if not after.is_free and not after.is_adverb:
                yield each, after
                break


def _marked(read: Sequence[_Read], language: Language) -> Iterator[tuple[_Read, frozenset[str]]]:
    """Every word of meaning with how it is told: plainly, `denied`, or `supposed`."""
    denied = {id(after) for _, after in _following(read, _DENIAL[language])}
    supposed = {id(after) for _, after in _following(read, _SUPPOSED[language])}
    for each in read:
        if each.is_free or each.is_adverb:
            continue
        marks = {"denied"} if id(each) in denied else set()
        if id(each) in supposed or (language == "es" and _CONDITIONAL.fullmatch(each.token.word)):
            marks.add("supposed")
        yield each, frozenset(marks)
