"""Who lost what: everything each candidate was told, held against the log that is there in the end.

A `Witness` watches one client (`LiveClient(api, watcher=witness)`) across all of its connections. `judge` is pure:
witnesses and log in, findings out. Findings name events by number and type and never hold what was said.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from uuid import UUID

import msgspec

from server.live.protocol import Ack, AudioBegin, Fact, Press, ReplyDelta, Say, ServerMessage, Welcome
from storage.database import Database
from storage.events import EventRecord, events_after
from storage.identity import LOCAL_TENANT

ON_ITS_WAY_S = 0.25
"""Words that had left a process before another took over may still arrive for so long."""


class Voice(msgspec.Struct, frozen=True):
    """A first or further piece of a reply, as it reached a client. `at` in s of the witness's clock."""

    at: float
    epoch: int
    reply_id: UUID | None


class Line(msgspec.Struct):
    """One connection as the candidate lived it. Times in s of the witness's clock."""

    hello_at: float
    welcome_at: float | None = None
    first_words_at: float | None = None
    closed_at: float | None = None
    close_code: int | None = None
    epoch: int = 0
    last_seq: int = 0
    """The highest number on this connection."""


class Witness:
    """All that one candidate was told and sent, repeats included. Implements `server.terminal.client.Watcher`."""

    def __init__(self, name: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.lines: list[Line] = []
        self.facts: dict[int, Fact] = {}
        self.changed: list[str] = []
        """What was told once in one way and once in another, or out of order on one connection."""
        self.acks: dict[str, int] = {}
        self.sent: dict[str, Say | Press] = {}
        self.voices: list[Voice] = []
        self._clock = clock

    def opened(self) -> None:
        self.lines.append(Line(self._clock()))

    def closed(self, code: int | None) -> None:
        if self.lines and self.lines[-1].closed_at is None:
            self.lines[-1].closed_at = self._clock()
            self.lines[-1].close_code = code

    def sends(self, message: Say | Press) -> None:
        self.sent[message.client_id] = message

    def told(self, message: ServerMessage) -> None:
        line = self.lines[-1]
        match message:
            case Welcome():
                line.welcome_at = self._clock()
                line.epoch = message.epoch
            case Fact():
                self._fact(line, message)
            case Ack():
                if self.acks.setdefault(message.client_id, message.seq) != message.seq:
                    self.changed.append(f"the acknowledgement of {message.client_id}")
            case ReplyDelta() | AudioBegin():
                if line.first_words_at is None:
                    line.first_words_at = self._clock()
                self.voices.append(Voice(self._clock(), line.epoch, message.reply_id))
            case _:
                pass

    @property
    def acknowledged(self) -> int:
        """How many events of the log this candidate knows to be kept."""
        return len(self.facts.keys() | set(self.acks.values()))

    @property
    def returns(self) -> list[Line]:
        """The connections after the first that were welcomed."""
        return [line for line in self.lines if line.welcome_at is not None][1:]

    def _fact(self, line: Line, fact: Fact) -> None:
        if self.facts.setdefault(fact.seq, fact) != fact:
            self.changed.append(f"event {fact.seq}")
        if fact.seq <= line.last_seq:
            self.changed.append(f"event {fact.seq} came after {line.last_seq} on one connection")
        line.last_seq = max(line.last_seq, fact.seq)


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one interview. Each list is empty where all is well."""

    interview_id: UUID
    events: int
    acknowledged: int
    """Events that the candidate knew to be kept."""
    lost: list[str]
    """Acknowledged and not in the log, or there as something else."""
    gaps: list[str]
    duplicated: list[str]
    """One id, one client's message or one reply kept more than once."""
    asked_twice: list[str]
    typed_twice: list[str]
    two_voices: list[str]
    not_ended: list[str]

    @property
    def faults(self) -> list[str]:
        """All of them."""
        return [
            f"{kind}: {fault}"
            for kind in ("lost", "gaps", "duplicated", "asked_twice", "typed_twice", "two_voices", "not_ended")
            for fault in getattr(self, kind)
        ]


def judge(
    interview_id: UUID, log: Sequence[EventRecord], witnesses: Iterable[Witness], *, must_end: bool = True
) -> Judgement:
    """Holds what the clients of one interview were told against its log. `must_end`: it was to come to its end."""
    seen = list(witnesses)
    kept = {event.seq: event for event in log}
    return Judgement(
        interview_id=interview_id,
        events=len(log),
        acknowledged=len({seq for one in seen for seq in (*one.facts, *one.acks.values())}),
        lost=[fault for one in seen for fault in _lost(one, kept)],
        gaps=_gaps(log),
        duplicated=[*_doubled_ids(log), *_replies(log, over=must_end)],
        asked_twice=_asked_twice(log),
        typed_twice=_typed_twice(log, seen),
        two_voices=[*_two_holders(log), *_two_heard(seen)],
        not_ended=[] if not must_end or any(event.type == "interview.ended" for event in log) else ["it goes on"],
    )


async def kept_log(database: Database, interview_id: UUID, tenant_id: UUID = LOCAL_TENANT) -> list[EventRecord]:
    """The log of an interview, as the database has it now."""
    async with database.tenant(tenant_id) as connection:
        return await events_after(connection, interview_id)


def _lost(witness: Witness, kept: dict[int, EventRecord]) -> Iterator[str]:
    yield from witness.changed
    for seq, fact in witness.facts.items():
        event = kept.get(seq)
        if event is None:
            yield f"event {seq} ({fact.event['type']})"
        elif (event.payload, event.at_ms, event.actor, event.client_id) != (
            fact.event,
            fact.at_ms,
            fact.actor,
            fact.client_id,
        ):
            yield f"event {seq} was {fact.event['type']} and is {event.type}, with something else in it"
    for client_id, seq in witness.acks.items():
        event = kept.get(seq)
        if event is None:
            yield f"event {seq}, acknowledged for {client_id}"
        elif event.client_id != client_id:
            yield f"event {seq} ({event.type}) is not the message {client_id} it was acknowledged for"


def _gaps(log: Sequence[EventRecord]) -> list[str]:
    return [f"number {wanted} is {event.seq}" for wanted, event in enumerate(log, start=1) if event.seq != wanted][:1]


def _doubled_ids(log: Sequence[EventRecord]) -> Iterator[str]:
    for client_id, count in Counter(event.client_id for event in log if event.client_id is not None).items():
        if count > 1:
            yield f"the message {client_id}, {count} times"
    for event_id, count in Counter(event.id for event in log).items():
        if count > 1:
            yield f"the id {event_id}, {count} times"


def _replies(log: Sequence[EventRecord], *, over: bool) -> Iterator[str]:
    """Each reply is decided once and heard once, in that order, and not while another is open."""
    open_reply: str | None = None
    for event in log:
        if event.type == "reply.decided":
            if open_reply is not None:
                yield f"a reply was decided at {event.seq} while another was open"
            open_reply = event.payload["reply_id"]
        elif event.type == "reply.heard":
            if event.payload["reply_id"] != open_reply:
                yield f"the reply heard at {event.seq} was not open"
            open_reply = None
    if over and open_reply is not None:
        yield "the last reply was never closed"


def _asked_twice(log: Sequence[EventRecord]) -> list[str]:
    asked = Counter(event.payload["question_id"] for event in log if event.type == "question.asked")
    return [f"{question_id}, {count} times" for question_id, count in asked.items() if count > 1]


def _typed_twice(log: Sequence[EventRecord], witnesses: Sequence[Witness]) -> list[str]:
    """No text stands in the log more often than the candidate sent it, each sending under an id of its own."""
    sent: Counter[str] = Counter()
    for message in {
        client_id: message for one in witnesses for client_id, message in one.sent.items() if isinstance(message, Say)
    }.values():
        sent[message.text.strip()] += 1
    if not sent:
        return []
    kept: dict[str, list[int]] = defaultdict(list)
    for event in log:
        if event.type == "turn.closed" and event.payload.get("source") == "typed":
            kept[event.payload["text"]].append(event.seq)
    return [f"one message at {seqs}" for text, seqs in kept.items() if len(seqs) > sent[text]]


def _two_holders(log: Sequence[EventRecord]) -> Iterator[str]:
    """Nobody writes under an epoch once a later one has written."""
    latest = 0
    for event in log:
        if event.epoch is None:
            continue
        if event.epoch < latest:
            yield f"event {event.seq} ({event.type}) of epoch {event.epoch} after one of epoch {latest}"
        latest = max(latest, event.epoch)


def _two_heard(witnesses: Sequence[Witness]) -> Iterator[str]:
    """Nobody is heard under an epoch once a later one has welcomed a candidate."""
    welcomed = sorted(
        (line.welcome_at, line.epoch) for one in witnesses for line in one.lines if line.welcome_at is not None
    )
    told: set[tuple[int, int]] = set()
    for one in witnesses:
        for voice in one.voices:
            for at, epoch in welcomed:
                if epoch > voice.epoch and voice.at > at + ON_ITS_WAY_S and (voice.epoch, epoch) not in told:
                    told.add((voice.epoch, epoch))
                    late = round((voice.at - at) * 1000)
                    yield f"epoch {voice.epoch} was heard {late} ms after epoch {epoch} had taken over"
