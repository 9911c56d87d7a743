"""The door with everything real behind it: the vendors' SDKs, emulated vendors, PostgreSQL and Valkey."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from starlette.applications import Starlette

from agents.allowance import Allowance
from agents.answer_cache import AnswerCache
from agents.calls import BrokeOff, Call, Door, Message
from agents.ledger import Ledger
from agents.model_watch import Figures
from agents.models import Models
from agents.patience import PATIENCE, Patience
from agents.pricing import Prices, load_prices
from agents.providers.accounts import ModelAccount, Served, Trouble
from agents.spending import Budget, Spending
from storage.cache import Cache
from storage.database import Database
from storage.ids import uuid7
from storage.lineage import LineageRecord, lineage_of
from tests.conftest import Person
from tests.emulators.anthropic import Anthropic
from tests.emulators.brain import Mind
from tests.emulators.faults import Fault, Faults
from tests.emulators.house import serving
from tests.emulators.openai_text import OpenAI
from tests.emulators.settings import Settings

WORDS = "next q2\nThank you. That was clear, and I noted it down."
CLAUDES = {"fast": "claude-haiku-5-5", "balanced": "claude-sonnet-5-5", "powerful": "claude-opus-5-5"}
GPTS = {"fast": "gpt-5.6-luna", "balanced": "gpt-5.6-terra", "powerful": "gpt-5.6-sol"}
HASTY = msgspec.structs.replace(PATIENCE["live"], first_words=0.5, before_words=1.5, stall=0.4, admission=0.1)
"""A live call's patience, so that no test waits for a real one."""


class Heard:
    """A watch that remembers."""

    def __init__(self) -> None:
        self.all_served: list[Served] = []
        self.troubles: list[Trouble] = []
        self.all_degraded: list[tuple[UUID | None, str, str]] = []
        self.figures: list[Figures] = []

    def served(self, call: Call, served: Served) -> None:
        self.all_served.append(served)

    def troubled(self, call: Call, trouble: Trouble) -> None:
        self.troubles.append(trouble)

    def degraded(self, interview_id: UUID | None, from_model: str, to: str) -> None:
        self.all_degraded.append((interview_id, from_model, to))

    def called(self, figures: Figures) -> None:
        self.figures.append(figures)


class Doorway:
    """The door, what is behind it, and what it told."""

    def __init__(self, person: Person, database: Database, url: str) -> None:
        self.person = person
        self.database = database
        self.url = url
        self.interview_id = uuid7()
        self.faults = Faults()
        self.settings = Settings()
        self.mind = Mind()
        self.anthropic = Anthropic(self.faults, self.settings, self.mind)
        self.openai = OpenAI(self.faults, self.settings, self.mind)
        self.heard = Heard()
        self.pauses: list[float] = []
        self.models: Models
        self.ledger: Ledger

    def call(self, **changes: Any) -> Call:
        """A live reply, changed as told."""
        call = Call(
            task="reply",
            tier="fast",
            prompt_name="reply",
            prompt_version="3",
            system=("You interview people.", "The question is about ownership."),
            messages=(Message("user", "I led the migration."),),
            max_tokens=200,
            tenant_id=self.person.tenant_id,
            interview_id=self.interview_id,
            entity_type="reply",
            request_id=f"reply/{uuid7()}",
        )
        return msgspec.structs.replace(call, **changes)

    @property
    def door(self) -> Door:
        """The door as the interviewer and the scorer know it."""
        return self.models

    def plan(self, service: str, **fault: Any) -> None:
        self.faults.plan(service, Fault(**fault))

    async def said(self, call: Call | None = None) -> str:
        """All the words of a stream."""
        return "".join([words async for words in self.door.stream(call or self.call())])

    async def said_until_broken(self) -> str:
        """The words of a stream that breaks off."""
        came = ""
        try:
            async for words in self.door.stream(self.call()):
                came += words
        except BrokeOff:
            return came
        raise AssertionError("the stream did not break off")

    def spend(self, usd: str) -> None:
        """Let the interview's voice cost so much."""
        self.ledger.speech(
            service="tts",
            provider="elevenlabs",
            model="eleven_flash",
            amount=float(Decimal(usd) * 20_000),
            unit="characters",
            tenant_id=self.person.tenant_id,
            interview_id=self.interview_id,
            request_id="voice",
        )

    async def rows(self) -> list[LineageRecord]:
        """The interview's lineage."""
        await self.ledger.flush()
        async with self.database.tenant(self.person.tenant_id) as connection:
            return await lineage_of(connection, self.interview_id)

    async def outcomes(self) -> list[tuple[str, str, str | None]]:
        """Model, outcome and cause of each row."""
        return [(row.model_name, row.metadata["outcome"], row.metadata.get("cause")) for row in await self.rows()]


@asynccontextmanager
async def doorway(
    database: Database,
    person: Person,
    *,
    cache: Cache | None = None,
    accounts: str = "anthropic openai",
    budget: Budget | None = None,
    allowance: Allowance | None = None,
    patience: Patience = HASTY,
    prices: Prices | None = None,
    key: str = "emulated",
) -> AsyncIterator[Doorway]:
    """The door to the accounts named, in their order; `nowhere` is an Anthropic account whose server is gone."""
    app = Starlette()
    async with serving(app) as url:
        held = Doorway(person, database, url)
        app.router.routes.extend([*held.anthropic.routes(), *held.openai.routes()])
        urls = {"anthropic": url, "openai": f"{url}/v1", "nowhere": "http://127.0.0.1:9"}
        spending = (
            None
            if budget is None
            else Spending(budget, database, monotonic=time.monotonic, now=lambda: datetime.now(UTC))
        )
        held.ledger = Ledger(database, prices or load_prices(), now=lambda: datetime.now(UTC), spending=spending)

        async def sleep(seconds: float) -> None:
            held.pauses.append(seconds)

        held.models = Models(
            [
                ModelAccount(
                    provider="openai" if name == "openai" else "anthropic",
                    key=key if place == 0 else "emulated",
                    url=urls[name],
                    models=GPTS if name == "openai" else CLAUDES,  # type: ignore[arg-type]
                )
                for place, name in enumerate(accounts.split())
            ],
            ledger=held.ledger,
            spending=spending,
            answers=AnswerCache(cache) if cache else None,
            allowance=allowance,
            watch=held.heard,
            patience=PATIENCE | {"live": patience},
            monotonic=time.monotonic,
            now=lambda: datetime.now(UTC),
            random=lambda: 0.5,
            sleep=sleep,
        )
        await held.models.open()
        try:
            yield held
        finally:
            await held.models.close()
            await held.ledger.close()
            if spending is not None:
                await spending.close()
