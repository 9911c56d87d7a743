"""What can go wrong between a terminal and a server; the message is a sentence for the person.

TerminalError
├── Unreachable      nothing answers at the address
├── Refused          the server said no, with its reason
├── TakenOver        the interview goes on in another window
└── ConnectionLost   it dropped and did not come back
"""

from uuid import UUID


class TerminalError(Exception):
    pass


class Unreachable(TerminalError):
    def __init__(self, url: str) -> None:
        super().__init__(f"No Viva server answers at {url}. Start one with `viva run`, or give the address with --url.")


class Refused(TerminalError):
    """`status` is the HTTP status or the WebSocket's close code; `code` the server's name for the reason."""

    def __init__(self, status: int, code: str, sentence: str, retry_after_s: float | None = None) -> None:
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s
        super().__init__(sentence)


class TakenOver(TerminalError):
    def __init__(self, interview_id: UUID) -> None:
        super().__init__(
            "This interview was opened in another window and goes on there. "
            f"To take it back: viva practise --resume {interview_id}"
        )


class ConnectionLost(TerminalError):
    def __init__(self, interview_id: UUID | None, attempts: int) -> None:
        tail = f" Come back with: viva practise --resume {interview_id}" if interview_id else ""
        super().__init__(
            f"The connection dropped and {attempts} attempts to restore it failed. Nothing that was "
            f"acknowledged is lost.{tail}"
        )
