"""How the emulators behave when nothing goes wrong: keys, latencies, and what they can recognise."""

from typing import Literal

import msgspec


class Settings(msgspec.Struct, kw_only=True):
    """Changed while they serve: the next request goes by it. Times are in milliseconds."""

    key: str = "emulated"
    """The one key that is taken; any other is refused as the vendor refuses it."""
    first_final_ms: float = 0.0
    """Speech to text: from the end of speech being found to its final transcript."""
    first_token_ms: float = 0.0
    """Language models: from the request to the first words."""
    first_byte_ms: float = 0.0
    """Text to speech: from a whole sentence to its first audio."""
    tokens_per_s: float | None = None
    """Language models: how fast words follow; None: as fast as they go."""
    sentences: dict[str, list[str]] = msgspec.field(default_factory=dict)
    """Speech to text: by language (`en`, `es`), the sentences that can be heard where the audio has no marks."""
    voice: Literal["tones", "speech"] = "tones"
    """Text to speech: tones that give the text back, or words for a person's ear."""
