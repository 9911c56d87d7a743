"""An answer without what tells who gave it, and the way back from a score of it to what was said."""

import re
from collections.abc import Iterable, Sequence

import msgspec

from agents.events import Quote
from agents.plans import Language
from agents.redaction.finding import Finder
from agents.redaction.spans import Rewriting, Span, rewritten
from agents.redaction.words import plain
from agents.scoring import Answer, AnswerTurn, HeardWord, Score, refuse_unfounded

_ENGLISH = frozenset("the and of to that was with for we it is my this have they on at are but not".split())
_SPANISH = frozenset("que de la el los se por con un una para del las lo mi en es y como pero".split())
_WORD = re.compile(r"[^\W\d_]+")


class Redacted(msgspec.Struct, frozen=True):
    """An answer as a scorer gets it, and how to read what the scorer says of it."""

    answer: Answer
    original: Answer
    rewritings: dict[int, tuple[Rewriting, ...]]
    """By the turn's `seq`: what was written anew, pass by pass. Turns that stayed as they were have none."""

    def restored(self, score: Score) -> Score:
        """The score with its quotes as they were said, in places of the original transcript.

        A quote that does not stand in the redacted answer to the letter is dropped; one that holds part of something
        taken out holds all of it.
        """
        kept = refuse_unfounded(score, self.answer)
        return self._restored(kept) if self.rewritings else kept

    def before(self, seq: int, start: int, end: int) -> Span:
        """Where a stretch of a redacted turn stands in the turn as it was said."""
        for rewriting in reversed(self.rewritings.get(seq, ())):
            start, end = rewriting.before(start, end)
        return start, end

    def _restored(self, score: Score) -> Score:
        texts = {turn.seq: turn.text for turn in self.original.turns}
        evidence = tuple(self._quote(quote, texts[quote.seq]) for quote in score.evidence)
        judges = tuple(self._restored(judge) for judge in score.judges)
        return msgspec.structs.replace(score, evidence=evidence, judges=judges)

    def _quote(self, quote: Quote, text: str) -> Quote:
        start, end = self.before(quote.seq, quote.start, quote.end)
        return msgspec.structs.replace(quote, text=text[start:end], start=start, end=end)


def redacted(answer: Answer, *, names: Sequence[str] = ()) -> Redacted:
    """The answer without names of people, places, ages, genders and whatever else tells who is speaking.

    `names` are those known from elsewhere, such as the account's. Of an answer with nothing to take out every character
    stays; of one that was redacted before, too.
    """
    own_names = frozenset(part.lower() for name in names for part in _WORD.findall(plain(name)) if len(part) > 1)
    found_names: set[str] = set()
    texts = {turn.seq: turn.text for turn in answer.turns}
    rewritings: dict[int, tuple[Rewriting, ...]] = {}
    while True:
        known = len(found_names)
        changed = False
        for seq, text in texts.items():
            edits = Finder(text, _language(text, answer.language), own_names, found_names).edits()
            if edits:
                written = rewritten(text, edits)
                rewritings[seq] = (*rewritings.get(seq, ()), written)
                texts[seq] = written.text
                changed = True
        # What was taken out may have stood between a word and what it agrees with, or named somebody elsewhere.
        if not changed and len(found_names) == known:
            break
    if not rewritings:
        return Redacted(answer, answer, {})
    turns = tuple(_turn(turn, rewritings.get(turn.seq, ())) for turn in answer.turns)
    return Redacted(msgspec.structs.replace(answer, turns=turns), answer, rewritings)


def _language(text: str, asked: Language) -> Language:
    """The language a turn is in: the one asked for, unless the words of the other are far more."""
    words = [word.lower() for word in _WORD.findall(plain(text))]
    english = sum(word in _ENGLISH for word in words)
    spanish = sum(word in _SPANISH for word in words)
    if asked == "en":
        return "es" if spanish > 2 * english + 3 else "en"
    return "en" if english > 2 * spanish + 3 else "es"


def _turn(turn: AnswerTurn, rewritings: Iterable[Rewriting]) -> AnswerTurn:
    words = turn.words
    text = turn.text
    for rewriting in rewritings:
        text = rewriting.text
        words = tuple(_moved(words, rewriting))
    return msgspec.structs.replace(turn, text=text, words=words)


def _moved(words: Sequence[HeardWord], rewriting: Rewriting) -> list[HeardWord]:
    """The words where they stand now. Those that one label stands for are one word, and that one is certain.

    How well a name was recognised tells about the name: it must neither mark the label as unheard nor lower anything.
    """
    moved: list[HeardWord] = []
    for word in words:
        start, end = rewriting.after(word.start, word.end)
        text = rewriting.text[start:end]
        if moved and start < moved[-1].end:
            last = moved.pop()
            start, end = min(start, last.start), max(end, last.end)
            text = rewriting.text[start:end]
            moved.append(HeardWord(text, start, end, last.from_ms, word.to_ms, _certain(last, word)))
        elif text == word.text:
            moved.append(msgspec.structs.replace(word, start=start, end=end))
        else:
            moved.append(HeardWord(text, start, end, word.from_ms, word.to_ms, _certain(word)))
    return moved


def _certain(*words: HeardWord) -> float | None:
    return None if all(word.confidence is None for word in words) else 1.0
