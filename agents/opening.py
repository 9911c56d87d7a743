"""An interview begins: its row, its first fact and the first ticket to it, in one transaction."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import ClassVar
from uuid import UUID

import msgspec

from agents import director
from agents.events import Channel, InterviewCreated, Kind, to_document, type_of
from agents.plans import Language, Patience, Plan
from agents.rehearsal import interviewer, scorer
from storage import events, interviews, plans, tickets
from storage.database import Connection, Database
from storage.errors import NotFound
from storage.ids import uuid7
from storage.plans import PlanVersion
from storage.tickets import TicketRole

SHORTEST_MINUTES = 5
CLOSING_MINUTES = 2
"""What is kept free between the soft limit and the hard one."""
TICKET_BYTES = 32

VERSIONS: Mapping[str, str] = MappingProxyType(
    {"director": director.VERSION, "interviewer": interviewer.VERSION, "scorer": scorer.VERSION}
)
"""Who holds and scores an interview where no model is configured."""


class OpeningError(Exception):
    """An interview cannot be begun as asked. The message is a sentence for the person."""

    safe: ClassVar[bool] = True


class UnknownPlanError(OpeningError):
    def __init__(self) -> None:
        super().__init__("There is no plan of that name.")


class LanguageNotOfferedError(OpeningError):
    def __init__(self, offered: tuple[str, ...]) -> None:
        self.offered = offered
        super().__init__(f"This plan is offered in: {', '.join(offered)}.")


class DurationError(OpeningError):
    """`least` and `most` are minutes."""

    def __init__(self, least: int, most: int) -> None:
        self.least = least
        self.most = most
        super().__init__(f"An interview on this plan can be meant to last {least} to {most} minutes.")


class InterviewOverError(OpeningError):
    def __init__(self) -> None:
        super().__init__("This interview has ended and cannot be entered again.")


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for. `plan` is its slug; without `target_duration_minutes` the plan's own counts."""

    plan: str
    language: Language
    kind: Kind = "practice"
    channel: Channel = "text"
    patience: Patience | None = None
    """None: the plan's own."""
    target_duration_minutes: int | None = None


class IssuedTicket(msgspec.Struct, frozen=True):
    """A ticket as it is handed out; only its hash is kept."""

    ticket: str
    expires_at: datetime


class Opened(msgspec.Struct, frozen=True):
    """An interview that can be entered."""

    interview_id: UUID
    ticket: IssuedTicket


async def open_interview(
    database: Database,
    tenant_id: UUID,
    user_id: UUID,
    wish: Wish,
    *,
    now: datetime,
    ticket_life: timedelta,
    versions: Mapping[str, str] = VERSIONS,
) -> Opened:
    """Make an interview of this user's, pinned to `versions` of who holds and scores it.

    Raises OpeningError: `UnknownPlanError`, `LanguageNotOfferedError`, `DurationError`; and DatabaseUnavailable.
    """
    async with database.tenant(tenant_id) as connection:
        version = await _version(connection, wish.plan)
        plan = msgspec.convert(version.body, Plan)
        fact = created(wish, plan, version, versions)
        interview_id = uuid7()
        row = interviews.NewInterview(
            id=interview_id,
            kind=fact.kind,
            channel=fact.channel,
            user_id=user_id,
            plan_version_id=version.id,
            versions={**fact.versions, "plan": fact.plan_hash, "rubric": fact.rubric_hash},
            interview_type=version.interview_type,
            language=fact.language,
            difficulty_level=version.difficulty_level,
            target_duration_minutes=fact.target_ms // 60_000,
            scorer="rehearsal" if fact.versions["scorer"] == scorer.VERSION else "model",
            role_level=version.role_level,
            industry=version.industry,
        )
        await interviews.create_interview(connection, row, now)
        first = events.NewEvent(
            id=uuid7(), type=type_of(fact), at=now, at_ms=0, actor="system", payload=to_document(fact)
        )
        await events.append(connection, interview_id, 0, [first])
        ticket = await _issue(connection, interview_id, now, ticket_life)
    return Opened(interview_id, ticket)


async def issue_ticket(
    database: Database,
    tenant_id: UUID,
    interview_id: UUID,
    *,
    now: datetime,
    ticket_life: timedelta,
    role: TicketRole = "candidate",
    user_id: UUID | None = None,
) -> IssuedTicket:
    """Another ticket, for the candidate or for somebody who watches.

    Raises NotFound, and `InterviewOverError` once it has ended.
    """
    async with database.tenant(tenant_id) as connection:
        interview = await interviews.interview(connection, interview_id)
        if interview.status not in interviews.OPEN:
            raise InterviewOverError
        return await _issue(connection, interview_id, now, ticket_life, role, user_id)


def created(wish: Wish, plan: Plan, version: PlanVersion, versions: Mapping[str, str] = VERSIONS) -> InterviewCreated:
    """The first fact of an interview, which pins what it is held by. Raises OpeningError."""
    if wish.language not in plan.languages:
        raise LanguageNotOfferedError(plan.languages)
    return InterviewCreated(
        kind=wish.kind,
        channel=wish.channel,
        language=wish.language,
        plan=plan.slug,
        plan_version_id=version.id,
        plan_hash=version.content_hash,
        rubric_hash=version.rubric_hash,
        versions=dict(versions),
        questions=tuple(question.id for question in plan.questions),
        target_ms=_minutes(wish, plan) * 60_000,
        hard_ms=plan.hard_limit_minutes * 60_000,
        patience=wish.patience or plan.patience,
    )


def ticket_hash(ticket: str) -> bytes:
    """That by which a ticket is kept and found: the SHA-256 of its text, 32 bytes."""
    return hashlib.sha256(ticket.encode()).digest()


def _minutes(wish: Wish, plan: Plan) -> int:
    if wish.target_duration_minutes is None:
        return plan.target_duration_minutes
    most = plan.hard_limit_minutes - CLOSING_MINUTES
    least = min(SHORTEST_MINUTES, plan.target_duration_minutes)
    if not least <= wish.target_duration_minutes <= most:
        raise DurationError(least, most)
    return wish.target_duration_minutes


async def _version(connection: Connection, slug: str) -> PlanVersion:
    try:
        return await plans.plan_by_slug(connection, slug)
    except NotFound:
        raise UnknownPlanError from None


async def _issue(
    connection: Connection,
    interview_id: UUID,
    now: datetime,
    ticket_life: timedelta,
    role: TicketRole = "candidate",
    user_id: UUID | None = None,
) -> IssuedTicket:
    ticket = secrets.token_urlsafe(TICKET_BYTES)
    expires_at = now + ticket_life
    await tickets.issue_ticket(connection, interview_id, role, ticket_hash(ticket), expires_at, user_id=user_id)
    return IssuedTicket(ticket, expires_at)
