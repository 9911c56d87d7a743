"""What a model may say aloud: whole sentences, plain words, nothing of what it was told, no verdict on anyone.

A model's words pass sentence by sentence. A sentence that may not be said is left out, and what is missing then is
said in the Director's own wording.
"""

import html
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

import msgspec

from agents import unsayable
from agents.briefing import ANSWER_WORDS, LEAD_WORDS
from agents.intents import folded
from agents.plans import Language, Question
from agents.rehearsal.passages import content_stems
from agents.rehearsal.words import stem, tokens
from prompts import on_one_line

LONGEST_SENTENCE = 320
"""Characters after which a sentence that has not ended is not one that a person would say."""
LONGEST_WORD = 40
PROBE_WORDS = 70
_RUN, _POINT_RUN, _NEXT_RUN, _SHORTEST_RUN = 6, 5, 5, 3
"""Words in a row by which a sentence is known: out of the instructions, of an expected point, of what is said next; and
the fewest that a whole sentence is known by.
"""

_END = re.compile(r"[.!?…]+[\"'”’»)]*(?=\s)|[。！？]|\n")
_TAGS = re.compile(r"</?[A-Za-z!][^>]*>?")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_BULLET = re.compile(r"^(?:#{1,6}|[-*•–—>]|\d{1,2}[.)])\s+")
_MARKS = re.compile(r"[*`~|<>\[\]{}\\^]|(?<!\w)_+|_+(?!\w)|(?<!\w)#{1,6}(?=\s)")
_ADDRESS = re.compile(r"https?:|www\.|\S@\S")
_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")


class Bounds(msgspec.Struct, frozen=True):
    """How much may be said, and whether it may ask."""

    sentences: int
    words: int
    asks: Literal["never", "once"]


LEAD = Bounds(sentences=2, words=LEAD_WORDS, asks="never")
ANSWER = Bounds(sentences=2, words=ANSWER_WORDS, asks="never")
PROBE = Bounds(sentences=3, words=PROBE_WORDS, asks="once")


class Secrets(msgspec.Struct, frozen=True):
    """What must not be spoken: the instructions' own words, the expected points, and our names for things."""

    instructions: str
    """Folded words with a space at both ends, as `_words` gives them."""
    points: tuple[str, ...]
    names: frozenset[str]
    """Ids of probes and points, and the headers of questions: `q3.result`, `next q4`. A bare `Q3` is a quarter."""
    open_words: str
    """Words that are spoken anyway: the wordings offered. A point's words among them give nothing away."""

    def are_in(self, sentence: str) -> bool:
        words = _spoken_words(sentence)
        if not self.names.isdisjoint((*words, *_runs(words, 2))):
            return True
        run = min(_RUN, len(words))
        if run >= _SHORTEST_RUN and any(f" {r} " in self.instructions for r in _runs(words, run)):
            return True
        return any(
            f" {r} " in point and f" {r} " not in self.open_words
            for r in _runs(words, _POINT_RUN)
            for point in self.points
        )


def secrets_of(instructions: str, questions: Iterable[Question], open_words: Iterable[str]) -> Secrets:
    """What a model that was told this must keep to itself, in every language."""
    asked = tuple(questions)
    points = tuple(_as_words(text) for q in asked for point in q.points for text in point.text.values())
    ids = {probe.id for q in asked for probe in q.probes} | {point.id for q in asked for point in q.points}
    headers = {f"{kind} {q.id}" for q in asked for kind in ("next", "probe", "hint", "repeat", "addition")}
    return Secrets(_as_words(instructions), points, frozenset(ids | headers), _as_words(" ".join(open_words)))


class Guard:
    """Lets through what may be said of one reply. Give it every chunk, then `end` it."""

    def __init__(
        self, bounds: Bounds, secrets: Secrets, language: Language, *, subject: str = "", follows: str = ""
    ) -> None:
        """`subject` is what may be asked about: a question with no word of meaning of it is not let through.

        `follows` is what is said right after, to the letter, and so not before.
        """
        self.is_done = False
        """Nothing more will pass."""
        self.has_spoken = False
        self.has_asked = False
        self.left_out = 0
        """Sentences that were not let through."""
        self._bounds = bounds
        self._secrets = secrets
        self._language = language
        self._subject = content_stems(subject, language)
        self._follows = _as_words(follows)
        self._unread = ""
        self._sentences = 0
        self._words = 0

    def take(self, chunk: str) -> str:
        """What may be said now that this has come too: whole sentences, a space before each but the first."""
        self._unread += chunk
        said = ""
        while not self.is_done and (end := _END.search(self._unread)) is not None:
            sentence, self._unread = self._unread[: end.end()], self._unread[end.end() :]
            said += self._passed(sentence)
        if len(self._unread) > LONGEST_SENTENCE and not self.is_done:
            self._stop()
        return said

    def end(self) -> str:
        """What may be said of the rest, now that nothing more comes."""
        rest, self._unread = self._unread, ""
        return "" if self.is_done else self._passed(rest)

    def _passed(self, written: str) -> str:
        sentence = _ended(plain(written))
        if not any(c.isalpha() for c in sentence):
            return ""
        asks = "?" in sentence or "¿" in sentence or "؟" in sentence or "？" in sentence
        words = len(sentence.split())
        if (asks and not self._may_ask(sentence)) or self._words + words > self._bounds.words:
            self._stop()
            return ""
        if self._is_said_next(sentence) or not self._may_be_said(sentence):
            self.left_out += 1
            return ""
        self._sentences += 1
        self._words += words
        self.has_spoken = True
        self.has_asked = self.has_asked or asks
        self.is_done = self.is_done or asks or self._sentences >= self._bounds.sentences
        return sentence if self._sentences == 1 else f" {sentence}"

    def _is_said_next(self, sentence: str) -> bool:
        """Whether it begins as what follows does, or is a part of it."""
        words = _spoken_words(sentence)
        run = min(_NEXT_RUN, len(words))
        begins = self._follows.startswith(f" {' '.join(words[:2])} ")
        return begins or (run >= _SHORTEST_RUN and any(f" {r} " in self._follows for r in _runs(words, run)))

    def _may_ask(self, sentence: str) -> bool:
        stems = (stem(token.word, self._language) for token in tokens(sentence))
        return self._bounds.asks == "once" and any(word in self._subject for word in stems)

    def _may_be_said(self, sentence: str) -> bool:
        if _ADDRESS.search(sentence) or any(len(word) > LONGEST_WORD for word in sentence.split()):
            return False
        if unsayable.talks_of_itself(sentence) or unsayable.tells_outcome(sentence) or unsayable.grades(sentence):
            return False
        return not self._secrets.are_in(sentence)

    def _stop(self) -> None:
        self.is_done = True
        self.left_out += 1


def plain(text: str) -> str:
    """The text as it can be spoken: on one line, without control characters, markup, Markdown or emoji."""
    bare = _BULLET.sub("", on_one_line(_TAGS.sub(" ", _LINK.sub(r"\1", html.unescape(text)))))
    bare = _MARKS.sub(" ", bare)
    spoken = "".join(c for c in bare if unicodedata.category(c) not in ("So", "Sk") and not "\ufe00" <= c <= "\ufe0f")
    return re.sub(r" +([.,;:!?…])", r"\1", " ".join(spoken.split()))


def _ended(sentence: str) -> str:
    """With a full stop where it was a line or the rest, and has no end of its own."""
    if _END.search(sentence + " "):
        return sentence
    return sentence.rstrip(",;:-–— ") + "."


def _spoken_words(text: str) -> list[str]:
    return _WORD.findall(folded(text))


@lru_cache(maxsize=512)
def _as_words(text: str) -> str:
    return f" {' '.join(_spoken_words(text))} "


def _runs(words: list[str], length: int) -> Iterable[str]:
    return (" ".join(words[at : at + length]) for at in range(len(words) - length + 1))
