"""Ears and a voice for the live host that need no provider."""

import itertools
from collections.abc import Iterator
from uuid import UUID

from agents.audio import Line
from agents.conversation import Sounds, Watch
from agents.plans import Language
from agents.senses import Senses
from agents.session import Sound
from tests.agents.sounding import CountingVoice, EnergyRecogniser


class ScriptedEars:
    """What the candidate says is what `script` says; the interviewer speaks fast and in silence."""

    def __init__(self, script: Iterator[str] | None = None, *, character_ms: int = 4) -> None:
        self.voice = CountingVoice(character_ms=character_ms)
        self.opened = 0
        self._script = script or itertools.repeat("")
        self._senses = Senses(unlikely_threshold=0.12)

    async def open(self) -> None:
        self.opened += 1

    async def close(self) -> None:
        self.opened -= 1

    def on(self, line: Line, _tenant_id: UUID, _interview_id: UUID) -> Sounds:
        def sound(_language: Language, _watch: Watch) -> Sound:
            return Sound(line, EnergyRecogniser(self._script), self.voice, self._senses, 0.3, 1.2)

        return sound
