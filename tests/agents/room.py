"""One interview that candidates come to and leave, on the real AgentSession and the real database."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from agents import events
from agents.conversation import Conversation, Sounds
from agents.library import load_library
from agents.log import InterviewLog
from agents.offers import Writer
from agents.opening import Wish, open_interview
from agents.state import State, fold
from server.services import import_library
from storage.database import Database
from tests.agents.scripted import Ear, ScriptedWriter
from tests.conftest import Person

LIBRARY = load_library()
PLAN = LIBRARY.plans["behavioural"]


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.at_s = 100.0

    def __call__(self) -> float:
        return self.at_s


class Room:
    """One interview that candidates come to and leave."""

    def __init__(self, database: Database, tenant_id: UUID, interview_id: UUID) -> None:
        self.log = InterviewLog(database, tenant_id, interview_id)
        self.clock = Clock()

    @asynccontextmanager
    async def attended(
        self,
        writer: Writer | None = None,
        *,
        speaks: bool = False,
        sounds: Sounds | None = None,
        monotonic: Callable[[], float] | None = None,
    ) -> AsyncIterator[tuple[Conversation, Ear]]:
        """Somebody is there for as long as the block lasts; `speaks` with a voice of the client's own.

        `sounds` gives the interview ears and a voice; they need a real `monotonic`.
        """
        ear = Ear()
        conversation = Conversation(
            PLAN,
            self.log,
            writer or ScriptedWriter(),
            ear,
            monotonic=monotonic or self.clock,
            holder="test",
            client="test",
            reports_playback=speaks,
            sounds=sounds,
        )
        await conversation.open()
        running = asyncio.create_task(conversation.run())
        try:
            yield conversation, ear
        finally:
            conversation.stop("test is over")
            await asyncio.wait_for(running, 10)

    async def state(self) -> State:
        return fold(await self.log.read())

    async def facts(self, kind: type) -> list[Any]:
        return [event.payload for event in await self.log.read() if isinstance(event.payload, kind)]


async def open_room(database: Database, tenant: Person, channel: events.Channel = "text") -> Room:
    """A room for a new interview on the behavioural plan."""
    await import_library(database, LIBRARY)
    opened = await open_interview(
        database,
        tenant.tenant_id,
        tenant.user_id,
        Wish(plan="behavioural", language="en", channel=channel),
        now=datetime.now(UTC),
        ticket_life=timedelta(minutes=1),
    )
    return Room(database, tenant.tenant_id, opened.interview_id)
