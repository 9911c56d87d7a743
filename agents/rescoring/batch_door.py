"""A door to models that have answered already, or are yet to be asked: so that who scores by batches scores as live.

A scorer is let through it once to find out what it would ask, and again when the answers are there. What it asks is
named by the hash of the question: asked otherwise, by another release, it is another question.
"""

import hashlib
from collections.abc import AsyncGenerator, Mapping
from typing import Any
from uuid import UUID

import msgspec

from agents.calls import Call, CallError, Completion

_encode = msgspec.json.Encoder(order="deterministic").encode


class NotAskedYet(CallError):
    """What is asked has no answer yet; the door has noted it."""

    code = "not_asked_yet"


class Said(msgspec.Struct, frozen=True):
    """What a model answered, and the lineage row that tells of it."""

    text: str
    model: str
    lineage_id: UUID


class BatchDoor:
    """Implements `Door` for one answer. `wanted` are the calls that nobody has answered."""

    def __init__(self, said: Mapping[str, Said]) -> None:
        self.wanted: dict[str, Call] = {}
        self._said = said

    async def stream(self, call: Call) -> AsyncGenerator[str, None]:
        """All of it at once. Raises `NotAskedYet`."""
        yield (await self.complete(call)).text

    async def complete(self, call: Call) -> Completion:
        """What was answered. Raises `NotAskedYet`."""
        name = name_of(call)
        said = self._said.get(name)
        if said is None:
            self.wanted[name] = call
            raise NotAskedYet("This is to be asked in a batch.")
        return Completion(text=said.text, model=said.model, lineage_id=said.lineage_id)


def name_of(call: Call) -> str:
    """The name of a question to a model: the same for the same words, whoever's they are."""
    asked: tuple[Any, ...] = (call.tier, call.system, call.messages, call.schema, call.max_tokens, call.effort)
    return hashlib.sha256(_encode(asked)).hexdigest()[:24]
