"""The HTTP API of a Viva server, as far as a terminal needs it."""

import ipaddress
from datetime import datetime
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import msgspec

from agents.plans import Language, Patience
from server.terminal.errors import Refused, Unreachable

T = TypeVar("T")

TIMEOUT_S = 30.0


class Opened(msgspec.Struct, frozen=True):
    """A new interview and the ticket that opens its socket once."""

    id: UUID
    ticket: str
    live_path: str = "/live"
    page: str = ""


class Ticket(msgspec.Struct, frozen=True):
    ticket: str
    expires_at: datetime | None = None


class Offered(msgspec.Struct, frozen=True):
    """A plan on offer."""

    slug: str
    title: dict[Language, str]
    summary: dict[Language, str]
    languages: tuple[Language, ...]
    target_duration_minutes: int
    question_count: int


class Scored(msgspec.Struct, frozen=True):
    """The level of one answer; None where there was too little to judge."""

    question_id: str
    level: int | None
    version: int = 1
    competency: str = ""


class Figure(msgspec.Struct, frozen=True):
    """0–100, with the interval it is certain to."""

    score: float
    low: float
    high: float


class CompetencyRead(msgspec.Struct, frozen=True):
    name: str
    level: float | None
    """Mean of its levels, 1–5."""


class FeedbackRead(msgspec.Struct, frozen=True):
    type: str
    content: str


class ReportRead(msgspec.Struct, frozen=True):
    """What a terminal shows of a report."""

    overall: Figure | None
    competencies: tuple[CompetencyRead, ...]
    feedback: tuple[FeedbackRead, ...]


class _Report(msgspec.Struct, frozen=True):
    report: ReportRead


class _Scores(msgspec.Struct, frozen=True):
    scores: tuple[Scored, ...]


class _Offers(msgspec.Struct, frozen=True):
    plans: tuple[Offered, ...]


class Api:
    """`url` is the server's address, such as `http://127.0.0.1:8000`. Raises `Unreachable` and `Refused`."""

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self.url = url.rstrip("/")
        self.is_local = is_loopback(self.url)
        # A proxy named in the environment is for the outside world, never for this machine.
        self._http = httpx.AsyncClient(
            base_url=self.url,
            timeout=timeout_s,
            trust_env=not self.is_local,
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=16),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    def page(self, path: str) -> str:
        """A path of the server as an address for the person."""
        return f"{self.url}{path}"

    def socket(self, path: str) -> str:
        """The address of the server's WebSocket."""
        parts = urlsplit(self.url)
        scheme = "wss" if parts.scheme == "https" else "ws"
        return f"{scheme}://{parts.netloc}{parts.path}{path}"

    async def plans(self) -> tuple[Offered, ...]:
        """The plans on offer."""
        return (await self._call("GET", "/api/v1/plans", _Offers)).plans

    async def open(
        self, plan: str, language: Language, *, patience: Patience = "normal", minutes: int | None = None
    ) -> Opened:
        """A new typed practice interview. `minutes` is its soft limit; None takes the plan's."""
        body: dict[str, Any] = {
            "plan": plan,
            "language": language,
            "kind": "practice",
            "channel": "text",
            "patience": patience,
        }
        if minutes is not None:
            body["target_duration_minutes"] = minutes
        return await self._call("POST", "/api/v1/interviews", Opened, body)

    async def ticket(self, interview_id: UUID) -> Ticket:
        """A new ticket to an interview that goes on; `Refused` with 409 once it has ended."""
        return await self._call("POST", f"/api/v1/interviews/{interview_id}/tickets", Ticket, {})

    async def scores(self, interview_id: UUID) -> tuple[Scored, ...]:
        """The scores given so far, of every version of every answer."""
        return (await self._call("GET", f"/api/v1/interviews/{interview_id}/scores", _Scores)).scores

    async def report(self, interview_id: UUID) -> ReportRead | None:
        """The report; None while it is being made."""
        try:
            return (await self._call("GET", f"/api/v1/interviews/{interview_id}/report", _Report)).report
        except Refused as refused:
            if refused.code in ("report_pending", "interview_not_over"):
                return None
            raise

    async def _call(self, method: str, path: str, shape: type[T], body: object = None) -> T:
        try:
            answer = await self._http.request(
                method,
                path,
                content=None if body is None else msgspec.json.encode(body),
                headers={"Accept": "application/json"}
                if body is None
                else {"Accept": "application/json", "Content-Type": "application/json"},
            )
        except httpx.HTTPError as error:
            raise Unreachable(self.url) from error
        if answer.is_error:
            raise _refusal(answer)
        try:
            return msgspec.json.decode(answer.content, type=shape)
        except msgspec.MsgspecError as error:
            raise Refused(
                answer.status_code,
                "not_viva",
                f"What answers at {self.url} does not speak Viva's API. Give the address of a Viva server.",
            ) from error


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refusal(answer: httpx.Response) -> Refused:
    try:
        problem = msgspec.json.decode(answer.content, type=dict[str, Any])
    except msgspec.MsgspecError:
        problem = {}
    sentence = problem.get("detail") or problem.get("title") or f"The server answered {answer.status_code}."
    retry = answer.headers.get("Retry-After", "")
    return Refused(
        answer.status_code,
        str(problem.get("code", "unknown")),
        str(sentence),
        float(retry) if retry.isdigit() else None,
    )
