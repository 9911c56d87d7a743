"""Answers to calls that are the same each time, kept for seven days or until their interview is purged.

Without Redis there is none, and all goes on.
"""

import hashlib

import msgspec
from structlog.stdlib import get_logger

from agents.calls import Call
from storage.answers_cache import keep_answer, kept_answer
from storage.cache import Cache
from storage.errors import CacheUnavailable

log = get_logger(__name__)

KEPT_S = 7 * 24 * 3600
_encode = msgspec.json.Encoder(order="deterministic").encode


def key_of(call: Call, model: str) -> str:
    """SHA-256, in hex, of all that decides the answer, and of the tenant: no answer goes from one to another."""
    asked = {
        "model": model,
        "prompt": [call.prompt_name, call.prompt_version],
        "system": call.system,
        "messages": call.messages,
        "schema": call.schema,
        "effort": call.effort,
        "max_tokens": call.max_tokens,
        "tenant": call.tenant_id,
    }
    return hashlib.sha256(_encode(asked)).hexdigest()


class AnswerCache:
    """Asked only for calls that say they are deterministic."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    async def find(self, call: Call, model: str) -> str | None:
        """The answer that this model gave to this call before."""
        if not call.is_deterministic:
            return None
        try:
            return await kept_answer(self._cache, key_of(call, model))
        except CacheUnavailable as lost:
            log.warning("answer_cache.not_read", error=str(lost.__cause__.__class__.__name__))
            return None

    async def keep(self, call: Call, model: str, text: str) -> None:
        """Keep an answer that was whole and fitted."""
        if not call.is_deterministic:
            return
        try:
            await keep_answer(self._cache, key_of(call, model), text, seconds=KEPT_S, interview_id=call.interview_id)
        except CacheUnavailable as lost:
            log.warning("answer_cache.not_kept", error=str(lost.__cause__.__class__.__name__))
