"""Anthropic's batches on loopback, with the ends that a test plans for single requests."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette

from agents.providers.accounts import ModelAccount
from agents.providers.batches import AnthropicBatches
from storage.ids import uuid7
from tests.agents.doorway import CLAUDES
from tests.emulators.anthropic import Anthropic
from tests.emulators.anthropic_batches import Batch, Batches
from tests.emulators.brain import Mind
from tests.emulators.faults import Faults
from tests.emulators.house import serving
from tests.emulators.settings import Settings

ERROR = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": None}


class PlannedBatch(Batch):
    """A batch some of whose requests come to another end."""

    def __init__(self, name: str, requests: list[dict[str, Any]], board: "PlannedBatches") -> None:
        super().__init__(name, requests)
        self._board = board

    @property
    def custom_ids(self) -> list[str]:
        """In the order in which they were sent."""
        return [request["custom_id"] for request in self._requests]

    @property
    def has_ended(self) -> bool:
        return super().has_ended and self.name not in self._board.never_ends

    def results(self, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> list[dict[str, Any]]:
        if self._lines is not None:
            return self._lines
        planned = dict(zip(self.custom_ids, self._board.ends, strict=False))
        del self._board.ends[: len(planned)]

        def ended(params: dict[str, Any]) -> dict[str, Any]:
            name = next(each["custom_id"] for each in self._requests if each["params"] is params)
            end = planned.get(name, "")
            if not end:
                return answer(params)
            return {"type": end, "error": ERROR} if end == "errored" else {"type": end}

        return super().results(ended)


class PlannedBatches(Batches):
    """`ends` holds what becomes of the requests of the next batch that is read, in the order in which they were sent:
    `errored`, `expired`, `canceled`, or nothing where all is well. `never_ends` names batches that go on for ever.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[str] = []
        self.never_ends: set[str] = set()
        self.made: list[PlannedBatch] = []

    def create(self, body: dict[str, Any]) -> Batch:
        del self._batches[super().create(body).name]
        # A name of its own: the tests share a database, in which no two batches have one name.
        batch = PlannedBatch(f"msgbatch_{uuid7().hex}", body["requests"], self)
        self._batches[batch.name] = batch
        self.made.append(batch)
        return batch


class Vendor:
    """The service, and one account's client of it."""

    def __init__(self, url: str, anthropic: Anthropic, faults: Faults, batches: PlannedBatches) -> None:
        self.url = url
        self.anthropic = anthropic
        self.faults = faults
        self.batches = batches
        self.client = AnthropicBatches(self.account())

    def account(self, key: str = "emulated") -> ModelAccount:
        return ModelAccount(provider="anthropic", key=key, url=self.url, models=CLAUDES)  # type: ignore[arg-type]

    @property
    def mind(self) -> Mind:
        return self.anthropic.mind

    def requests(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(each.path == path for each in self.anthropic.requests)


@asynccontextmanager
async def vendor() -> AsyncIterator[Vendor]:
    """Anthropic on loopback, and a client of its batches."""
    faults = Faults()
    service = Anthropic(faults, Settings())
    planned = PlannedBatches()
    service.batches = planned
    async with serving(Starlette(routes=service.routes())) as url:
        held = Vendor(url, service, faults, planned)
        try:
            yield held
        finally:
            await held.client.close()
