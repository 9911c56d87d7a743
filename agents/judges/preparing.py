"""An answer as any scorer may see it, and a scorer's verdict in terms of what was really said.

Whatever scores, what tells who speaks is taken out first, and then words that were not heard surely are marked: how
well a name was heard tells of the name alone.
"""

from collections.abc import Sequence

import msgspec

from agents.events import Quote
from agents.judges.unheard import Heard, heard
from agents.quoting import timed
from agents.redaction import Redacted, redacted
from agents.rehearsal.suggestions import for_null
from agents.scoring import Answer, NullReason, Score

FEWEST_WORDS = 2
"""Of a quote that is cut short because a word of it was not heard."""
_OPENING = "¿¡\"'“‘«("


class Prepared(msgspec.Struct, frozen=True):
    """One answer on its way to a scorer and back."""

    original: Answer
    redacted: Redacted
    heard: Heard

    @property
    def answer(self) -> Answer:
        """What a scorer is given."""
        return self.heard.answer

    def settled(self, judge: str) -> Score | None:
        """The score of an answer that no scorer need be asked about, signed as by `judge`: too little of it was heard.

        None where a scorer is to be asked.
        """
        return _null(self.original, "uncertain_transcript", judge) if self.heard.is_uncertain else None

    def restored(self, score: Score) -> Score:
        """A scorer's verdict with its quotes, and those of each of its judges, as they stand in the transcript.

        Of a quote that has an unheard word in it the longest heard stretch is kept, if it is of two words at least. A
        level above 1 whose quotes are all gone goes with them.
        """
        judges = tuple(map(self.restored, score.judges))
        was_heard = tuple(kept for quote in score.evidence if (kept := self._heard(quote)) is not None)
        given = self.redacted.restored(msgspec.structs.replace(score, evidence=was_heard, judges=()))
        evidence = tuple(timed(quote, self.original.turns) for quote in given.evidence)
        given = msgspec.structs.replace(given, evidence=evidence, judges=judges)
        if evidence or not score.evidence or (score.level or 0) <= 1:
            return given
        none = _null(self.original, "no_evidence", score.judge)
        return msgspec.structs.replace(
            given,
            level=None,
            null_reason=none.null_reason,
            anchor="",
            suggestion=none.suggestion,
            needs_review=True,
        )

    def _heard(self, quote: Quote) -> Quote | None:
        mask = self.heard.masks.get(quote.seq)
        if mask is None:
            return quote
        text = next(turn.text for turn in self.redacted.answer.turns if turn.seq == quote.seq)
        stretches = [
            _trimmed(text, there + max(0, quote.start - here), there + min(length, quote.end - here))
            for here, there, length in mask.pieces
            if here < quote.end and quote.start < here + length
        ]
        start, end = max(stretches, key=lambda stretch: stretch[1] - stretch[0], default=(0, 0))
        is_whole = mask.span(quote.start, quote.end) is not None
        if start >= end or (not is_whole and len(text[start:end].split()) < FEWEST_WORDS):
            return None
        return Quote(text=text[start:end], seq=quote.seq, start=start, end=end)


def prepared(answer: Answer, *, names: Sequence[str] = ()) -> Prepared:
    """The answer as any scorer may see it. `names` are those that the candidate is known by."""
    without = redacted(answer, names=names)
    return Prepared(answer, without, heard(without.answer))


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Without space at its ends, and without the punctuation that followed the word before it."""
    while start < end and not text[start].isalnum() and text[start] not in _OPENING:
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end


def _null(answer: Answer, reason: NullReason, judge: str) -> Score:
    return Score(
        competency=answer.competency.id,
        level=None,
        null_reason=reason,
        anchor="",
        evidence=(),
        covered=(),
        missed=tuple(point.id for point in answer.question.points),
        suggestion=for_null(reason, answer.language),
        judge=judge,
        parts={},
        needs_review=True,
    )
