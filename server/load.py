"""How busy an instance is: what a load balancer or an autoscaler goes by. It says nothing about anybody."""

import msgspec

from server import metrics


class Load(msgspec.Struct, frozen=True):
    """Of the whole instance: all the processes that serve behind this port."""

    live: int
    """Interviews with a candidate connected."""
    capacity: int
    """Interviews it is built for; a process that drains has none."""
    load: float
    """live / capacity, from 0 to 1; above its capacity, too, an instance is simply full."""
    draining: bool
    """It takes no new interviews: every process was told to stop."""


def load() -> Load:
    """As it is now."""
    live, capacity = metrics.live_and_capacity()
    share = min(1.0, live / capacity) if capacity else 1.0
    return Load(live, capacity, round(share, 3), draining=capacity == 0)
