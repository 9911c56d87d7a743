"""Sittings in which the candidate speaks, every word with its times."""

import re
from uuid import uuid5

from agents import director
from agents.events import SpeechFinal, Word
from tests.agents.sitting import _NAMES, Sitting

WORD_MS = 300
"""How long each word takes; the next follows at once unless a silence is written before it."""


def words_of(said: str, at_ms: int = 0) -> tuple[Word, ...]:
    """Words with times. A number in brackets is a silence in ms: `I led [1500] the team`."""
    words = []
    for part in said.split():
        silence = re.fullmatch(r"\[(\d+)\]", part)
        if silence:
            at_ms += int(silence[1])
        else:
            words.append(Word(part, at_ms, at_ms + WORD_MS, 0.9))
            at_ms += WORD_MS
    return tuple(words)


def speaks(
    sitting: Sitting, *said: str, after_ms: int = 0, question_id: str | None = None, is_timed: bool = True
) -> None:
    """One spoken turn of so many finals, begun `after_ms` after what happened last."""
    at_ms, seqs = sitting.at_ms + after_ms, []
    for each in said:
        words = words_of(each, at_ms)
        at_ms = sitting.at_ms = words[-1].to_ms
        text = " ".join(word.text for word in words)
        utterance = uuid5(_NAMES, f"utterance {len(sitting.log)}")
        sitting._apply([SpeechFinal(utterance_id=utterance, text=text, words=words if is_timed else ())])
        seqs.append(sitting.log[-1].seq)
    whole = " ".join(text for _, text in sitting.state.finals)
    turn_id = uuid5(_NAMES, f"spoken turn {len(sitting.log)}")
    sitting.does(director.Turn(turn_id, whole, "speech", question_id=question_id, finals=tuple(seqs)))


def asks(sitting: Sitting, kind: str | None = None, *, lasts_ms: int, share: float = 1.0) -> None:
    """One reply of that kind, heard to that share after so long."""
    owed = sitting.offer
    assert owed is not None
    reply_id = sitting.decides(next((choice for choice in owed.choices if choice.kind == kind), owed.default))
    assert reply_id is not None
    sitting.at_ms += lasts_ms
    sitting.hears(reply_id, share)


def begun(sitting: Sitting, *, lasts_ms: int = 4_000) -> Sitting:
    """Brings a sitting to its first question, which takes the interviewer so long to ask."""
    sitting.joins()
    sitting.replies()
    sitting.presses("consent")
    sitting.replies()
    sitting.says("I planned the work, did my part, and we finished two weeks early.")
    asks(sitting, "next", lasts_ms=lasts_ms)
    return sitting


def ends(sitting: Sitting) -> Sitting:
    """Ends it at the candidate's wish."""
    sitting.presses("end")
    sitting.replies()
    return sitting
