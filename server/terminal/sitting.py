"""One interview as a client sees it: a fold over the server's messages, without I/O.

It drops what it has seen before (facts by `seq`), keeps what it sent until the server acknowledges it, and
gathers the reply that is being spoken.
"""

from typing import Literal
from uuid import UUID

from server.live.protocol import (
    Ack,
    Fact,
    Pong,
    Press,
    Problem,
    ReplyDelta,
    ReplyEnd,
    Say,
    ServerMessage,
    State,
    StateView,
    Welcome,
)


class Reply:
    """The interviewer's words of one reply, as far as they came."""

    def __init__(self, reply_id: UUID) -> None:
        self.reply_id = reply_id
        self.text = ""
        self.ended = False
        self.heard = False
        """The log has `reply.heard` for it."""
        self.settled = False
        """A state or a pong came after it was heard: all that it led to is known."""


class Sitting:
    def __init__(self) -> None:
        self.welcome: Welcome | None = None
        self.state: StateView | None = None
        self.reply: Reply | None = None
        self.last_seq = 0
        """The last fact seen; what `hello` asks to continue after."""
        self.facts: list[Fact] = []
        self.unacknowledged: dict[str, Say | Press] = {}
        """By `client_id`, in the order of sending."""
        self.end_reason: str | None = None
        """Why the interview ended; None while it goes on."""

    @property
    def ended(self) -> bool:
        return self.end_reason is not None

    @property
    def has_floor(self) -> bool:
        """The last reply was said to its end and what it led to is known: the candidate's turn."""
        return self.reply is not None and self.reply.ended and self.reply.settled

    def send(self, message: Say | Press) -> None:
        """Remember a message until it is acknowledged."""
        self.unacknowledged[message.client_id] = message

    def dropped(self) -> None:
        """The connection is gone: a reply that was under way will not be finished, another comes."""
        self.reply = None

    def take(self, message: ServerMessage) -> bool:
        """Fold a message in; False where it tells nothing new and is not to be shown again."""
        match message:
            case Welcome():
                self.welcome = message
                self.state = message.state
            case State():
                self.state = message.state
                self._settle()
            case Pong():
                self._settle()
            case ReplyDelta():
                if self.reply is None or self.reply.reply_id != message.reply_id:
                    self.reply = Reply(message.reply_id)
                self.reply.text += message.text
            case ReplyEnd():
                if self.reply is None or self.reply.reply_id != message.reply_id:
                    self.reply = Reply(message.reply_id)
                self.reply.ended = True
            case Ack():
                self.unacknowledged.pop(message.client_id, None)
            case Problem(client_id=str(client_id)):
                self.unacknowledged.pop(client_id, None)
            case Fact():
                return self._keep(message)
            case _:
                pass
        return True

    def questions(self, kind: str) -> set[str]:
        """The questions that have a fact of that type (`question.asked`, `answer.closed`, …)."""
        return {str(fact.event.get("question_id")) for fact in self.facts if fact.event["type"] == kind}

    def _settle(self) -> None:
        if self.reply is not None and self.reply.heard:
            self.reply.settled = True

    def _keep(self, fact: Fact) -> bool:
        if fact.client_id is not None:
            self.unacknowledged.pop(fact.client_id, None)
        if fact.seq <= self.last_seq:
            return False
        self.last_seq = fact.seq
        self.facts.append(fact)
        match fact.event:
            case {"type": "reply.heard", "reply_id": str(reply_id)}:
                if self.reply is not None and str(self.reply.reply_id) == reply_id:
                    self.reply.heard = True
            case {"type": "interview.ended", "reason": str(reason)}:
                self.end_reason = reason
            case _:
                pass
        return True


Verdict = Literal["over", "again", "elsewhere", "refused"]


def after_close(code: int | None) -> Verdict:
    """What a closed socket's code asks of the client: it is over, try again with a new ticket, it goes on
    elsewhere, or the server will not have it.
    """
    match code:
        case 1000:
            return "over"
        case 4409:
            return "elsewhere"
        case 4400 | 4404 | 4413 | 4415:
            return "refused"
        case _:
            # Dropped, restarting, overloaded, or a ticket that was spent while the line was bad.
            return "again"
