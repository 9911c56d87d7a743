"""Why an outside service failed, in one word: one pure function over whatever its client raised.

Nothing of an error's text is kept: vendors repeat requests, and livekit's errors repeat the words to be spoken.
"""

import binascii
import json
from collections.abc import Iterator
from typing import Any, Literal

import aiohttp
import httpx
import httpx2
import msgspec
from livekit.agents import APIConnectionError, APIError, APITimeoutError

Cause = Literal["key_refused", "quota_spent", "busy", "unreachable", "timed_out", "broke_off", "garbage", "refused"]

LASTING: frozenset[Cause] = frozenset({"key_refused", "quota_spent"})
"""Causes that trying again does not mend: somebody has to change a key or pay a bill."""

_QUOTA = ("quota", "insufficient", "credit", "payment", "balance", "billing")
_KEY = ("api_key", "api key", "invalid_auth", "unauthor", "authentic", "credentials", "forbidden", "permission")
_BUSY = ("rate limit", "rate_limit", "too many", "concurren", "busy", "overload", "capacity", "internal")
_GARBAGE = (json.JSONDecodeError, UnicodeDecodeError, binascii.Error, msgspec.MsgspecError, KeyError, TypeError)

_OF_THE_LINE = (
    APIConnectionError,
    aiohttp.ClientError,
    httpx.TransportError,
    httpx2.TransportError,
    OSError,
)
# The SDKs of language models bring HTTP clients of their own: told by name, so that none has to be loaded for it.
_LATE_NAMES = {"APITimeoutError", "TimeoutException"}
_LINE_NAMES = {"APIConnectionError", "TransportError"}


_LATE = (APITimeoutError, TimeoutError, httpx.TimeoutException, httpx2.TimeoutException)
"""Both generations of the client: the vendors' SDKs use the second."""


class ServiceFault(Exception):
    """What we ourselves found wrong with a service. The message is ours and holds nothing that was received."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(f"the service failed: {cause}")
        self.cause: Cause = cause


def cause_of(error: BaseException, *, was_connected: bool = False) -> Cause:
    """The cause behind an error of livekit, aiohttp, httpx or a vendor's SDK.

    `was_connected` tells a line that broke from a line that never was.
    """
    for each in _chain(error):
        found = _own_cause(each)
        if found is not None:
            return found
    if was_connected:
        return "broke_off"
    is_of_the_line = any(isinstance(each, _OF_THE_LINE) or _is_named(each, _LINE_NAMES) for each in _chain(error))
    return "unreachable" if is_of_the_line else "refused"


def cause_of_words(text: str) -> Cause | None:
    """The cause a vendor's message names, or None where it names none we know."""
    lowered = text.lower()
    if any(sign in lowered for sign in _QUOTA):
        return "quota_spent"
    if any(sign in lowered for sign in _KEY):
        return "key_refused"
    return "busy" if any(sign in lowered for sign in _BUSY) else None


def _own_cause(error: BaseException) -> Cause | None:
    """The cause one error of a chain shows by itself; None where only the rest of the chain can tell."""
    if isinstance(error, ServiceFault):
        return error.cause
    if isinstance(error, _LATE) or _is_named(error, _LATE_NAMES):
        return "timed_out"
    status = getattr(error, "status_code", None)
    if not isinstance(status, int):
        status = getattr(error, "status", None)
    if isinstance(status, int) and 100 <= status < 600:
        return _cause_of_status(status, getattr(error, "body", None))
    if isinstance(status, int) and status == aiohttp.WSCloseCode.POLICY_VIOLATION:
        return "refused"
    if isinstance(error, _GARBAGE):
        return "garbage"
    if type(error) is APIError:
        # The one message that repeats what was to be said: its words tell nothing about the service.
        return None if error.message.startswith("no audio frames") else cause_of_words(str(error.message))
    if isinstance(status, int) and (status >= 1000 or status == -1) and error.__cause__ is None:
        return "broke_off"
    return None


def _cause_of_status(status: int, body: Any) -> Cause:
    named = cause_of_words(str(body)) if body is not None and status in {401, 403, 429} else None
    if named == "quota_spent" or status == httpx.codes.PAYMENT_REQUIRED:
        return "quota_spent"
    if status < httpx.codes.MULTIPLE_CHOICES:
        return "garbage"  # an error in spite of success: the answer could not be read
    if status in {401, 403}:
        return "key_refused"
    if status in {408, 504}:
        return "timed_out"
    return (
        "busy" if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR else "refused"
    )


def _is_named(error: BaseException, names: set[str]) -> bool:
    return any(each.__name__ in names for each in type(error).__mro__)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__
