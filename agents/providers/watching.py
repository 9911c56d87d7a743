"""What an interview is told about the services that hear and speak for it, and how long each may take."""

from typing import Protocol

import msgspec

from agents.providers.accounts import Served, Trouble


class Watch(Protocol):
    """Told from the event loop; neither call may block or raise."""

    def served(self, served: Served) -> None:
        """At the first use, and whenever another provider takes over."""
        ...

    def troubled(self, trouble: Trouble) -> None:
        """At each failure, with its cause."""
        ...


class Limits(msgspec.Struct, frozen=True):
    """How long a service may take; seconds."""

    connect: float = 3.0
    stall: float = 4.0
    """Speech goes out and nothing at all comes back."""
    backoff: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0, 5.0)
    """Between rounds in which every provider failed."""
    tail: float = 30.0
    """Audio that is kept until its words are final."""
    drain: float = 2.0
    """After the last frame, for the last words."""
    transcribe: float = 8.0
    """For one stretch of speech, where a service hears no streams."""
    settle: float = 1.0
    """Silence after which a better provider may take over."""
    first_audio: float = 1.5
    """From the first whole sentence to its first sound."""
    audio_stall: float = 1.5
    """Between two sounds of speech that is owed."""
