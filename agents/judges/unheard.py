"""Words that the recogniser was not sure of count as not heard, for whoever scores."""

import msgspec

from agents.judges.masking import UNHEARD, Masked, masked, masked_turn
from agents.scoring import Answer, AnswerTurn, HeardWord

LEAST_CONFIDENCE = 0.5
"""A word that was heard with less is marked as unheard: it is as likely another word."""
MOST_UNHEARD = 1 / 3
"""Share of an answer's words; with more of them unheard what was meant is a guess, and nobody is asked to make it."""


class Heard(msgspec.Struct, frozen=True):
    """An answer as it may be judged: each unheard word stands as `[unheard]`."""

    answer: Answer
    masks: dict[int, Masked]
    """By the turn's `seq`, for turns with an unheard word."""
    unheard: float
    """Share of the answer's words that are unheard, 0–1; 0 where there are none at all."""

    @property
    def is_uncertain(self) -> bool:
        return self.unheard > MOST_UNHEARD


def heard(answer: Answer) -> Heard:
    """The answer without the words that were heard with too little confidence. Typed words were never heard amiss."""
    masks = {turn.seq: mask for turn in answer.turns if (mask := _mask(turn)).hidden}
    if not masks:
        return Heard(answer, {}, 0.0)
    words = sum(len(turn.text.split()) for turn in answer.turns)
    missing = sum(is_unheard(word) for turn in answer.turns for word in turn.words)
    turns = tuple(masked_turn(turn, masks[turn.seq]) if turn.seq in masks else turn for turn in answer.turns)
    return Heard(msgspec.structs.replace(answer, turns=turns), masks, missing / words)


def is_unheard(word: HeardWord) -> bool:
    """Whether a word was heard with too little confidence; one without a confidence was not."""
    return word.confidence is not None and word.confidence < LEAST_CONFIDENCE


def _mask(turn: AnswerTurn) -> Masked:
    return masked(turn.text, ((word.start, word.end) for word in turn.words if is_unheard(word)), UNHEARD)
