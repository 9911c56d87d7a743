"""What a run comes to: counts that must be nothing, and how soon everybody was back. Does no I/O."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import msgspec

from benchmarks.chaos.judge import Judgement, Line
from benchmarks.chaos.killing import Killed
from benchmarks.chaos.running import Held, Ran
from benchmarks.chaos.schedule import PARTS, Part
from benchmarks.figure import Figure, at_most
from server.terminal.timing import percentile
from storage.events import EventRecord

RESUME_P95_S = 3.0
TAKEOVER_P95_MS = 1_000.0
BECAUSE_WITHIN_S = 2.0
"""A line that drops so soon after a dead part is back dropped because of it."""


class Return(msgspec.Struct, frozen=True):
    """One candidate's way back after its line dropped."""

    because: Killed | None
    resume_s: float
    """From the kill, or from the first true `/readyz` after it where no process could serve, to the welcome."""
    takeover_ms: float
    """From the hello that was answered to the welcome."""
    words_ms: float | None
    """From that hello to the first words or sound of a reply."""


def figures(ran: Ran) -> Iterator[Figure]:
    """Every figure of a run."""
    asked = ran.asked
    name = f"chaos, seed {asked.seed}"
    yield at_most(f"{name}: typed interviews", float(asked.typed), "", None)
    yield at_most(f"{name}: spoken interviews", float(asked.voice), "", None)
    for part in PARTS:
        count = sum(one.part == part for one in ran.killed)
        yield at_most(f"{name}: kills of {_WORDS[part]}", float(count), "", None)
    back = returns(ran)
    yield at_most(f"{name}: resumed", float(len(back)), "", None)
    acknowledged = sum(one.judgement.acknowledged for one in ran.held)
    yield at_most(f"{name}: events acknowledged", float(acknowledged), "", None)
    for words, found in faults(ran).items():
        yield at_most(f"{name}: {words}", float(len(found)), "", 0.0)
    yield from _times(name, back)


def faults(ran: Ran) -> dict[str, list[str]]:
    """What must not be, in sentences, by the figure it counts for."""
    judgements = [held.judgement for held in ran.held]
    never = ran.asked.typed + ran.asked.voice - len(ran.held)
    return {
        "acknowledged events lost": _told(judgements, "lost"),
        "gaps in the numbers of events": _told(judgements, "gaps"),
        "events duplicated": _told(judgements, "duplicated"),
        "questions asked twice": _told(judgements, "asked_twice"),
        "typed messages kept twice": _told(judgements, "typed_twice"),
        "messages neither kept nor refused": _each(ran, _message_faults),
        "two voices at once": _told(judgements, "two_voices"),
        "speech kept and in no turn, or in two": _each(ran, _speech_faults),
        "interviews not ended": [*_told(judgements, "not_ended"), *["one was never opened"] * never],
        "interviews without a report, or with two": _each(ran, _report_faults),
    }


def returns(ran: Ran) -> list[Return]:
    """Every way back, of every candidate."""
    return [one for held in ran.held for one in _returns(held.witness.lines, ran)]


def _returns(lines: Sequence[Line], ran: Ran) -> Iterator[Return]:
    dropped_at: float | None = None
    for line in lines:
        if line.welcome_at is None:
            continue
        if dropped_at is not None:
            because = _cause(ran.killed, dropped_at)
            since = because.at if because is not None else dropped_at
            able = max(
                (until for begun, until in ran.outages if begun < line.welcome_at and until > since), default=since
            )
            words_ms = None if line.first_words_at is None else (line.first_words_at - line.hello_at) * 1000
            yield Return(
                because,
                max(0.0, line.welcome_at - able),
                (line.welcome_at - line.hello_at) * 1000,
                words_ms,
            )
        dropped_at = line.closed_at


def _cause(killed: Sequence[Killed], dropped_at: float) -> Killed | None:
    fatal: set[Part] = {"serving", "postgres"}
    before = [one for one in killed if one.part in fatal and one.at <= dropped_at < one.back_at + BECAUSE_WITHIN_S]
    return before[-1] if before else None


def _times(name: str, back: Sequence[Return]) -> Iterator[Figure]:
    resumes = [one.resume_s for one in back]
    words = f"{name}: resume, from when a process was there to serve (/readyz) to the welcome"
    yield at_most(f"{words}, p50", percentile(resumes, 0.50), "s", None)
    yield at_most(f"{words}, p95", percentile(resumes, 0.95), "s", RESUME_P95_S)
    dead = [one for one in back if one.because is not None and one.because.part == "serving"]
    takeovers = {
        "the welcome": [one.takeover_ms for one in dead],
        "the first words": [one.words_ms for one in dead if one.words_ms is not None],
    }
    for until, times in takeovers.items():
        words = f"{name}: takeover after a dead process, from hello to {until}"
        yield at_most(f"{words}, p50", percentile(times, 0.50), "ms", None)
        yield at_most(f"{words}, p95", percentile(times, 0.95), "ms", TAKEOVER_P95_MS)


def remark(ran: Ran) -> list[str]:
    """For the person, beside the figures: what was killed when, and how busy the machine was."""
    first = ran.killed[0].at if ran.killed else 0.0
    told = [f"The run took {ran.seconds:.0f} s. {ran.machine}"]
    for one in ran.killed:
        moment = "" if one.moment is None else f" ({_MOMENTS[one.moment]}, candidate {one.candidate})"
        told.append(f"{one.at - first:6.1f} s: {_WORDS[one.part]}{moment}; back after {one.back_at - one.at:.1f} s.")
    cut = sum(_cut(held.log) for held in ran.held)
    told.append(f"{cut} replies were decided by one process and closed by the next.")
    alone = Counter(ran.ended_alone)
    told += [f"{part} ended by itself {count} times and was started again." for part, count in alone.items()]
    errors = Counter(error for held in ran.held for error in held.errors)
    told += [f"{count} candidates: {error}" for error, count in errors.items()]
    causes = Counter(None if one.because is None else one.because.part for one in returns(ran))
    told += [
        f"{count} lines dropped {'without a kill before' if part is None else f'with {_WORDS[part]}'}."
        for part, count in causes.items()
    ]
    return told


def outline(log: Sequence[EventRecord]) -> list[str]:
    """A log without a word that was said: number, epoch, interview time, type."""
    return [
        f"{event.seq:4} epoch {event.epoch or '-'} {event.at_ms:7} ms {event.at:%H:%M:%S.%f} {event.type}"
        for event in log
    ]


def _told(judgements: Sequence[Judgement], kind: str) -> list[str]:
    return [f"{one.interview_id}: {fault}" for one in judgements for fault in getattr(one, kind)]


def _each(ran: Ran, look: Callable[[Held], Iterator[str]]) -> list[str]:
    return [f"{held.judgement.interview_id}: {fault}" for held in ran.held for fault in look(held)]


def _speech_faults(held: Held) -> Iterator[str]:
    """Every stretch of speech that was kept belongs to one turn."""
    closed = Counter(
        seq for event in held.log if event.type == "turn.closed" for seq in event.payload.get("finals", ())
    )
    kept = [event.seq for event in held.log if event.type == "speech.final"]
    yield from (f"what was said at {seq} is in {closed[seq]} turns" for seq in kept if closed[seq] != 1)


def _message_faults(held: Held) -> Iterator[str]:
    kept = {event.client_id for event in held.log}
    yield from (f"the message {client_id}" for client_id in held.unanswered if client_id not in kept)


def _report_faults(held: Held) -> Iterator[str]:
    reports = sum(event.type == "report.ready" for event in held.log)
    if reports != 1:
        yield f"there are {reports} reports"


def _cut(log: Sequence[EventRecord]) -> int:
    """Replies that another process had to close."""
    decided = {event.payload["reply_id"]: event.epoch for event in log if event.type == "reply.decided"}
    heard = [event for event in log if event.type == "reply.heard"]
    return sum(decided.get(event.payload["reply_id"]) != event.epoch for event in heard)


_WORDS = {"serving": "a serving process", "worker": "the queue's worker", "postgres": "PostgreSQL", "valkey": "Valkey"}
_MOMENTS = {"question": "in mid-question", "answer": "in mid-answer", "decided": "decided and not yet heard"}
