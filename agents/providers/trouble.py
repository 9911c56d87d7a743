"""Why an outside service failed, in one word. Loads nothing, so that every process may know the words."""

from typing import Literal

Cause = Literal["key_refused", "quota_spent", "busy", "unreachable", "timed_out", "broke_off", "garbage", "refused"]

LASTING: frozenset[Cause] = frozenset({"key_refused", "quota_spent"})
"""Causes that trying again does not mend: somebody has to change a key or pay a bill."""
