"""An answer as passages: its sentences, without what was copied from the question or the rubric and without repeats.

What is copied or said twice is cut before anything is judged, so that neither can earn and neither can harm.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

import msgspec

from agents.plans import Competency, Language, Question
from agents.rehearsal.asides import candidates_own, is_aside
from agents.rehearsal.copies import copied, repeated, texts_asked, texts_of_rubric
from agents.rehearsal.lexicon import LEXICONS
from agents.rehearsal.plain_speech import plain_words, written_words
from agents.rehearsal.words import Token, sentences, stem, tokens
from agents.scoring import AnswerTurn

_FEWEST_WORDS: dict[Language, int] = {"en": 5, "es": 4}
"""Of a sentence. Spanish needs no word for its subject."""
_LIST_COMMAS = 0.34
_GLUE_SHARE = 0.1
_LIST_MARK = re.compile(r"[^\w]*[,;/|][^\w]*")
"""Between two words of a list; a hesitation between them makes no list."""
_SHORT_LINE, _COLUMN = 4, 5
"""Words of a sentence, and such sentences in a row, that make a list."""
_FAIR_PART, _CLEAR_PART = 0.25, 0.65
"""Shares of the small words that keep an answer in the language it was asked in, and that show another."""
_LEADING = re.compile(r"[\s,;:.!?…)\]»”’–—-]*")
_SPANISH_VERB = re.compile(r"\b\w{2,}(?:[óéí]|amos|imos|aron|ieron|aba|aban|ía|ían)\b", re.IGNORECASE)


class Passage(msgspec.Struct, frozen=True):
    """One sentence of the candidate, or what is left of it: `text == turn.text[start:end]`."""

    seq: int
    start: int
    end: int
    text: str
    tokens: tuple[Token, ...]
    stems: tuple[str, ...]
    spoken: bool
    """Whether it is held together as speech is; a mere list of terms is not."""

    @property
    def folded(self) -> str:
        return " ".join(token.word for token in self.tokens)


class Told(msgspec.Struct, frozen=True):
    """What an answer tells in the candidate's own words."""

    language: Language
    """The language it is in, as far as its small words show; the interview's where they do not."""
    passages: tuple[Passage, ...]
    words: int
    """All words said, copies and repeats too."""
    copied: int
    """Words copied from the question or the rubric."""
    repeated: int


def told(
    turns: Sequence[AnswerTurn],
    question: Question,
    competency: Competency | None,
    language: Language,
    *,
    is_secret: bool = False,
) -> Told:
    """The answer's own passages in order.

    Where the expected points are secret nobody can have copied them: whoever says them in their very words knows them.
    It is an examination then, where levels and code are matter, and words to the examiner earn nothing anyway.
    """
    all_words = [tokens(turn.text) if is_secret else candidates_own(turn.text) for turn in turns]
    copies = copied(all_words, texts_asked(question), [] if is_secret else texts_of_rubric(question, competency))
    own = [t.word for words, marks in zip(all_words, copies, strict=True) for t in words if t.start not in marks]
    spoken_in = language_of(own, language) or language
    heard = [plain_words(turn.text, spoken_in, found) for turn, found in zip(turns, all_words, strict=True)]
    cut = [[token.start in marks for token in words] for words, marks in zip(heard, copies, strict=True)]
    repeats = repeated(heard, cut)
    cut = [[c or r for c, r in zip(a, b, strict=True)] for a, b in zip(cut, repeats, strict=True)]
    passages: list[Passage] = []
    seen: set[tuple[str, ...]] = set()
    for turn, turn_tokens, marks in zip(turns, heard, cut, strict=True):
        for passage in _passages(turn, turn_tokens, marks, spoken_in):
            is_out = not is_secret and is_aside(passage.text, len(passage.tokens), passage.folded)
            if passage.stems not in seen and not is_out:
                seen.add(passage.stems)
                passages.append(passage)
    return Told(
        language=spoken_in,
        passages=_without_columns(passages),
        words=sum(map(len, all_words)),
        copied=sum(map(len, copies)),
        repeated=sum(map(sum, repeats)),
    )


def _without_columns(passages: Sequence[Passage]) -> tuple[Passage, ...]:
    """With terms one after the other, or one below the other, no longer taken for speech."""
    listed: set[int] = set()
    column: list[int] = []
    for at, passage in enumerate(passages):
        is_short = len(passage.tokens) <= _SHORT_LINE
        column = [*column, at] if is_short and (not column or passages[at - 1].seq == passage.seq) else []
        if len(column) >= _COLUMN:
            listed |= set(column)
    return tuple(
        msgspec.structs.replace(passage, spoken=False) if at in listed else passage
        for at, passage in enumerate(passages)
    )


def passages_in(text: str, language: Language) -> tuple[Passage, ...]:
    """The sentences of a text of ours."""
    found = written_words(text, language)
    return tuple(_passages(AnswerTurn(seq=0, text=text), found, [False] * len(found), language))


def language_of(words: Iterable[str], asked_in: Language | None = None) -> Language | None:
    """English or Spanish by small words that only one of them has, each once; `asked_in` where they do not tell.

    What was asked in one language is read in it while a fair part of the answer is.
    """
    said: dict[Language, int] = {"en": 0, "es": 0}
    for word in set(words):
        in_english, in_spanish = not is_content(word, "en"), not is_content(word, "es")
        said["en"] += in_english and not in_spanish
        said["es"] += in_spanish and not in_english
    both = said["en"] + said["es"]
    if both < 3 or (asked_in is not None and said[asked_in] >= _FAIR_PART * both):
        return asked_in
    if max(said.values()) < _CLEAR_PART * both:
        return asked_in
    return max(said, key=lambda language: said[language])


def is_content(word: str, language: Language) -> bool:
    """Whether a folded word carries meaning by itself."""
    return word not in LEXICONS[language].glue and word not in LEXICONS[language].articles


def _passages(turn: AnswerTurn, found: list[Token], marks: list[bool], language: Language) -> Iterable[Passage]:
    begin, index, edges = 0, 0, []
    for token, marked in zip(found, marks, strict=True):
        if marked:
            edges.append((begin, token.start))
            begin = token.end
    edges.append((begin, len(turn.text)))
    for start, end in edges:
        for span in sentences(turn.text, start, end):
            opening = _LEADING.match(turn.text, span.start, span.end)
            here = opening.end() if opening else span.start
            while index < len(found) and found[index].start < here:
                index += 1
            last = index
            while last < len(found) and found[last].end <= span.end:
                last += 1
            inside = tuple(found[index:last])
            index = last
            if not inside:
                continue
            text = turn.text[here : span.end]
            yield Passage(
                seq=turn.seq,
                start=here,
                end=span.end,
                text=text,
                tokens=inside,
                stems=tuple(stem(token.word, language) for token in inside),
                spoken=_is_spoken(inside, turn.text, language, is_reply=turn.probe_id is not None),
            )


def _is_spoken(inside: Sequence[Token], text: str, language: Language, *, is_reply: bool) -> bool:
    """Of some words of a turn's text. A reply to a probe may be short (`By thirty percent.`); others have a few."""
    if len(inside) < (2 if is_reply else _FEWEST_WORDS[language]):
        return False
    glue = sum(token.word in LEXICONS[language].glue for token in inside)
    if language == "es":
        glue += len(_SPANISH_VERB.findall(text, inside[0].start, inside[-1].end))
    commas = sum(bool(_LIST_MARK.fullmatch(text, one.end, other.start)) for one, other in pairwise(inside))
    return glue >= _GLUE_SHARE * len(inside) and commas < _LIST_COMMAS * len(inside)


@lru_cache(maxsize=2_000)
def content_stems(text: str, language: Language) -> frozenset[str]:
    """The stems of the words that carry meaning in a text of ours; kept, so never for what a candidate says."""
    return frozenset(stem(t.word, language) for t in written_words(text, language) if is_content(t.word, language))


@lru_cache
def common_stems(language: Language) -> frozenset[str]:
    """The stems of the words that show nothing by themselves."""
    return frozenset(stem(word, language) for word in LEXICONS[language].common)
