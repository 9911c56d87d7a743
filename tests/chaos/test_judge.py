"""The judge finds what it is there to find: a log that is whole is acquitted, and each way of spoiling it is named."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from benchmarks.chaos.judge import ON_ITS_WAY_S, Judgement, Witness, judge
from server.live.protocol import Ack, Fact, ReplyDelta, Say
from storage.events import EventRecord
from storage.ids import uuid7

INTERVIEW = uuid7()
REPLY, LATER = uuid7(), uuid7()
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TYPED = "I moved the tables one by one."

Log = list[EventRecord]


def event(seq: int, kind: str, *, epoch: int | None = 1, client_id: str | None = None, **payload: Any) -> EventRecord:
    document = {"type": kind, **payload}
    return EventRecord(seq, uuid7(), kind, NOON, seq * 1000, "somebody", document, client_id, epoch)


def whole() -> Log:
    return [
        event(1, "interview.created"),
        event(2, "reply.decided", reply_id=str(REPLY)),
        event(3, "reply.heard", reply_id=str(REPLY)),
        event(4, "question.asked", question_id="q1"),
        event(5, "turn.closed", client_id="c1", text=TYPED, source="typed"),
        event(6, "reply.decided", epoch=2, reply_id=str(LATER)),
        event(7, "reply.heard", epoch=2, reply_id=str(LATER)),
        event(8, "interview.ended", epoch=2),
    ]


def fact_of(kept: EventRecord) -> Fact:
    return Fact(
        seq=kept.seq,
        at_ms=kept.at_ms,
        at=kept.at.isoformat(),
        actor=kept.actor,
        event=kept.payload,
        client_id=kept.client_id,
    )


def witness(log: Log) -> Witness:
    """A candidate who was told all of it and typed one thing."""
    one = Witness()
    one.opened()
    for kept in log:
        if kept.type != "reply.decided":
            one.told(fact_of(kept))
    one.sends(Say(client_id="c1", text=TYPED))
    one.told(Ack(client_id="c1", seq=5))
    return one


def changed(log: Log, seq: int, **fields: Any) -> Log:
    return [msgspec.structs.replace(kept, **fields) if kept.seq == seq else kept for kept in log]


def judged(log: Log, *witnesses: Witness) -> Judgement:
    return judge(INTERVIEW, log, witnesses)


def test_a_whole_log_is_acquitted() -> None:
    log = whole()
    found = judged(log, witness(log))
    assert found.faults == []
    assert (found.events, found.acknowledged) == (8, 6)


def again(log: Log, seq: int, **fields: Any) -> Log:
    """With a further event at the end, like that one but for its fields."""
    further = msgspec.structs.replace(log[seq - 1], seq=len(log) + 1, id=uuid7(), client_id=None, epoch=2)
    return [*log, msgspec.structs.replace(further, **fields)]


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        ("lost", lambda log: log[:-1]),
        ("lost", lambda log: changed(log, 4, payload={"type": "question.asked", "question_id": "q2"})),
        ("lost", lambda log: changed(log, 5, client_id="c2")),
        ("gaps", lambda log: [kept for kept in log if kept.seq != 4]),
        ("duplicated", lambda log: again(log, 5, client_id="c1")),
        ("duplicated", lambda log: again(log, 1, id=log[0].id)),
        ("duplicated", lambda log: [kept for kept in log if kept.seq != 3]),
        ("duplicated", lambda log: again(log, 6)),
        ("asked_twice", lambda log: again(log, 4)),
        ("typed_twice", lambda log: again(log, 5)),
        ("two_voices", lambda log: again(log, 4, epoch=1)),
        ("not_ended", lambda log: log[:-1]),
    ],
)
def test_each_way_of_spoiling_a_log_is_found(kind: str, spoil: Callable[[Log], Log]) -> None:
    log = whole()
    assert getattr(judged(spoil(log), witness(log)), kind) != []


def test_an_epoch_that_is_heard_after_another_has_welcomed_is_a_second_voice() -> None:
    now = [0.0]
    first, second = Witness("first", lambda: now[0]), Witness("second", lambda: now[0])
    for epoch, one in enumerate((first, second), start=1):
        one.opened()
        one.lines[-1].epoch = epoch
        one.lines[-1].welcome_at = float(epoch)
    now[0] = 2.0 + ON_ITS_WAY_S / 2
    first.told(ReplyDelta(reply_id=REPLY, text="On its"))
    assert judged(whole(), first, second).two_voices == []
    now[0] = 2.0 + ON_ITS_WAY_S * 2
    first.told(ReplyDelta(reply_id=REPLY, text=" way"))
    assert len(judged(whole(), first, second).two_voices) == 1


def test_what_was_told_in_two_ways_counts_as_lost() -> None:
    log = whole()
    one = witness(log)
    one.opened()
    one.told(msgspec.structs.replace(fact_of(log[3]), at_ms=0))
    assert judged(log, one).lost != []


def test_no_finding_holds_what_was_said() -> None:
    log = whole()
    found = judged(again(log, 5), witness(log))
    assert found.faults
    assert TYPED not in "".join(found.faults)
