"""What the processes of a run tell each other, one line of JSON at a time."""

import msgspec

from benchmarks.voice.candidate import Account

READY = "ready"
"""What a serving process writes once it listens."""


class Order(msgspec.Struct, frozen=True):
    """To a process of candidates. `few` of the interviews begin before the rest, so that one more can be weighed."""

    url: str
    interviews: int
    few: int
    seconds: float
    seed: int


class Told(msgspec.Struct, frozen=True):
    """Everything that a process of candidates saw. The window is in the clock of its accounts."""

    accounts: list[Account]
    from_s: float
    to_s: float
    lag_p99_ms: float | None
    late_frames: int
    """Frames that were sent more than 20 ms after their time."""


class Sampled(msgspec.Struct, frozen=True):
    """What a serving process saw of itself."""

    lag_p99_ms: float | None
    live: int
