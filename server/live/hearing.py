"""What this process hears and speaks with, where outside services do it: shared by all of its interviews."""

import time
from collections.abc import Callable, Mapping
from typing import Literal
from uuid import UUID

from obstore.store import ObjectStore

from agents.audio import Line
from agents.conversation import Sounds, Watch
from agents.ledger import Ledger
from agents.phrases import phrase
from agents.plans import Language
from agents.providers.accounts import Accounts
from agents.providers.speech import Speech
from agents.providers.watching import Limits
from agents.senses import Senses
from agents.session import Sound
from agents.turn_taking import endpointing
from storage import objects
from storage.errors import ObjectsUnavailable
from storage.ids import uuid7

_MADE_AHEAD = ("welcome_back", "one_moment")
"""Phrases that must sound at once, and even while the voice's provider is away."""


class ObjectShelf:
    """Keeps phrases made ahead among the objects, for the next start and the next machine."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def get(self, key: str) -> bytes | None:
        try:
            return await objects.get(self._store, f"phrases/{key}")
        except ObjectsUnavailable:
            return None

    async def put(self, key: str, data: bytes) -> None:
        """Raises `ObjectsUnavailable`."""
        await objects.put(self._store, f"phrases/{key}", data)


class ProviderEars:
    """The providers and the bundled models, ready before the first candidate comes."""

    def __init__(
        self,
        accounts: Accounts,
        store: ObjectStore,
        ledger: Ledger,
        senses: Callable[[], Senses] = Senses,
    ) -> None:
        self._speech = Speech(
            accounts,
            monotonic=time.monotonic,
            phrases={
                "en": [phrase("en", name) for name in _MADE_AHEAD],
                "es": [phrase("es", name) for name in _MADE_AHEAD],
            },
            shelf=ObjectShelf(store),
            # The candidate is told within four seconds that nobody hears.
            limits=Limits(stall=2.5),
        )
        self._ledger = ledger
        # A second and a quarter of a gigabyte: only where somebody will speak.
        self._senses = senses()

    async def open(self) -> None:
        await self._senses.warm()
        await self._speech.open()

    async def close(self) -> None:
        await self._speech.close()

    def on(self, line: Line, tenant_id: UUID, interview_id: UUID) -> Sounds:
        """What makes the sound of one interview on its line to the candidate."""

        def sound(language: Language, watch: Watch) -> Sound:
            hearing = self._speech.hearing(language, watch)
            voice = self._speech.voice(language, watch)

            def used() -> None:
                voice.close()
                self._keep(hearing.usage, "stt", "seconds", tenant_id, interview_id)
                self._keep(voice.usage, "tts", "characters", tenant_id, interview_id)

            first = endpointing("normal", "lobby", has_asked_for_time=False)
            return Sound(
                line=line,
                recogniser=hearing,
                synthesiser=voice,
                senses=self._senses,
                min_delay_s=first.min_delay_s,
                max_delay_s=first.max_delay_s,
                closed=used,
            )

        return sound

    def _keep(
        self,
        usage: Mapping[str, float],
        service: Literal["stt", "tts"],
        unit: Literal["seconds", "characters"],
        tenant_id: UUID,
        interview_id: UUID,
    ) -> None:
        """Writes into the lineage what was used, by `provider/model`."""
        for name, amount in usage.items():
            provider, _, model = name.partition("/")
            self._ledger.speech(
                service=service,
                provider=provider,
                model=model,
                amount=amount,
                unit=unit,
                tenant_id=tenant_id,
                interview_id=interview_id,
                request_id=f"{service}/{interview_id}/{uuid7()}",
            )
