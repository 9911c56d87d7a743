"""Whether the log of an interview holds what was said in it, all of it and once."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from agents import events
from agents.events import Event
from benchmarks.voice.candidate import Account
from benchmarks.voice.marking import told


class Kept(msgspec.Struct, frozen=True):
    """What the log of one interview says."""

    interview_id: str
    turns: Counter[int]
    """By utterance: how many turns closed over some of it."""
    faults: list[str]
    """What was lost or doubled, in sentences."""

    def turns_of(self, number: int) -> int:
        return self.turns[number]


def kept(account: Account, log: Sequence[Event]) -> Kept:
    """Holds what a candidate said against the log."""
    faults: list[str] = []
    if [event.seq for event in log] != list(range(1, len(log) + 1)):
        faults.append("the events are not numbered without a gap")
    turns: Counter[int] = Counter()
    frames: Counter[int] = Counter()
    for event in log:
        if isinstance(event.payload, events.TurnClosed):
            heard = told(event.payload.text)
            turns.update({number for number, _ in heard})
            for number, count in heard:
                frames[number] += count
    faults += [
        f"of utterance {one.number}, {frames[one.number]} of {one.loud_frames} frames are in turns"
        for one in account.uttered
        if frames[one.number] != one.loud_frames
    ]
    unknown = frames.keys() - {one.number for one in account.uttered}
    faults += [f"utterance {number} was never said" for number in unknown]
    reports = sum(isinstance(event.payload, events.ReportReady) for event in log)
    if reports != 1:
        faults.append(f"there are {reports} reports")
    return Kept(account.interview_id, turns, [f"{account.interview_id}: {fault}" for fault in faults])
