"""Words of an answer that are no answer: they speak to whoever scores, or are copied from what it is judged by.

They are taken out before a judge by model reads the answer, so that a judge who believes what it reads has nothing to
believe, and none of them can be evidence.
"""

from collections.abc import Sequence

import msgspec

from agents.events import Quote
from agents.judges.addressing import addressed
from agents.judges.copies import copies_of_question, copies_of_rubric
from agents.judges.forgeries import encoded, forged
from agents.judges.masking import NO_ANSWER, Masked, masked, masked_turn
from agents.judges.undisguised import folded, undisguised
from agents.scoring import Answer, AnswerTurn

Span = tuple[int, int]

_FEWEST_LETTERS = 3
"""In a row; what has fewer between two stretches that are taken out goes with them."""


class Cleared(msgspec.Struct, frozen=True):
    """An answer as a judge by model reads it: what is no answer stands as `[not part of the answer]`."""

    answer: Answer
    masks: dict[int, Masked]
    """By the turn's `seq`."""
    is_suspect: bool
    """Whether something spoke to whoever scores, or came from the rubric. Reading back the question is neither."""

    def original(self, quote: Quote) -> Quote | None:
        """A quote of the cleared answer in terms of the whole one; None where part of it was taken out."""
        mask = self.masks.get(quote.seq)
        if mask is None:
            return quote
        span = mask.span(quote.start, quote.end)
        return None if span is None else msgspec.structs.replace(quote, start=span[0], end=span[1])


def cleared(answer: Answer) -> Cleared:
    """The answer without what is no answer."""
    suspect = [_suspect(turn.text, answer) for turn in answer.turns]
    is_suspect = any(suspect)
    masks: dict[int, Masked] = {}
    for turn, found in zip(answer.turns, suspect, strict=True):
        spans = [*copies_of_question(turn.text, answer.question), *found]
        if is_suspect:
            spans += attempts_in(turn.text, is_suspect=True)
        mask = masked(turn.text, _closed(turn.text, spans), NO_ANSWER)
        if mask.hidden:
            masks[turn.seq] = mask
    turns = tuple(_without(turn, masks) for turn in answer.turns)
    return Cleared(msgspec.structs.replace(answer, turns=turns), masks, is_suspect)


def attempts_in(text: str, *, is_suspect: bool = False) -> list[Span]:
    """Where a text speaks to a scorer, in whatever disguise. `is_suspect` where other turns of the answer do."""
    spans = forged(text)
    # What is next to a forgery may go with it, as what is next to an order does.
    rest = masked(text, spans, f"\n{NO_ANSWER}\n")
    view = undisguised(rest.text)
    bare = folded(view)
    is_suspect = is_suspect or bool(spans)
    found = [view.span(*span) for span in encoded(view.text)]
    found += [bare.span(*span) for span in addressed(bare.text, is_suspect=is_suspect)]
    for start, end in found:
        for here, there, length in rest.pieces:
            low, high = max(start, here), min(end, here + length)
            spans.append((low - here + there, high - here + there))
    return [span for span in (_trimmed(text, *each) for each in spans) if span[0] < span[1]]


def _suspect(text: str, answer: Answer) -> list[Span]:
    return [*attempts_in(text), *copies_of_rubric(text, answer.question, answer.competency)]


def _closed(text: str, spans: Sequence[Span]) -> list[Span]:
    """The stretches, and the crumbs that are left between them or beside one: brackets, figures, single letters."""
    hidden = masked(text, spans, NO_ANSWER).hidden
    edges = [0, *(edge for span in hidden for edge in span), len(text)]
    crumbs = [
        (start, end)
        for start, end in zip(edges[::2], edges[1::2], strict=True)
        if hidden and not _has_word(text[start:end])
    ]
    return [*hidden, *crumbs]


def _has_word(text: str) -> bool:
    letters = 0
    for character in text:
        letters = letters + 1 if character.isalpha() else 0
        if letters >= _FEWEST_LETTERS or character >= "\u2e80":
            return True
    return False


def _trimmed(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _without(turn: AnswerTurn, masks: dict[int, Masked]) -> AnswerTurn:
    return masked_turn(turn, masks[turn.seq]) if turn.seq in masks else turn
