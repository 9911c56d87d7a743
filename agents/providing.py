"""Which outside services serve one interview, and what is made known when that changes."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Literal

import structlog

from agents.events import Event, ProviderChanged
from agents.providers.accounts import Served, Trouble

log = structlog.get_logger(__name__)

LOST_AFTER_S = 1.0
"""A service that failed and is not back by then is lost, and the candidate told."""

Service = Literal["llm", "stt", "tts"]


class Providing:
    """Notes what serves. A provider's failure is for the operator's log; that nothing serves is for everybody."""

    def __init__(self, changed: Callable[[ProviderChanged], None], troubled: Callable[[Trouble], None]) -> None:
        """`changed` is given each change as a fact to keep; `troubled` each failure, to be counted."""
        self._changed = changed
        self._troubled = troubled
        self._serving: dict[str, ProviderChanged] = {}
        self._before_loss: dict[str, ProviderChanged] = {}
        self._losing: dict[str, asyncio.TimerHandle] = {}

    def resume(self, log_so_far: Sequence[Event]) -> None:
        """Takes up what an earlier holder of the interview noted."""
        for event in log_so_far:
            if isinstance(event.payload, ProviderChanged):
                self._serving[event.payload.service] = event.payload

    @property
    def serving(self) -> dict[str, str]:
        """`provider/model` of each service that serves."""
        return {service: f"{fact.provider}/{fact.model}" for service, fact in self._serving.items() if fact.provider}

    def served(self, served: Served) -> None:
        """A provider has begun to serve, or goes on."""
        if served.service == "embedding":
            return
        self._keep(served.service)
        earlier = self._serving.get(served.service)
        if earlier is not None and (earlier.provider, earlier.model) == (served.provider, served.model):
            return
        reason: Literal["start", "fallback", "recovered"] = "start" if earlier is None else "recovered"
        if served.fallback_from is not None:
            reason = "fallback"
        self._note(served.service, served.provider, served.model, reason)

    def troubled(self, trouble: Trouble) -> None:
        """A provider has failed; whether another serves will be seen."""
        log.warning(
            "provider.failed",
            service=trouble.service,
            provider=trouble.provider,
            model=trouble.model,
            cause=trouble.cause,
        )
        self._troubled(trouble)
        if trouble.service in ("stt", "tts") and trouble.service not in self._losing:
            service: Service = "stt" if trouble.service == "stt" else "tts"
            loop = asyncio.get_running_loop()
            self._losing[service] = loop.call_later(LOST_AFTER_S, self.lost, service)

    def lost(self, service: Service) -> None:
        """Nothing serves any more, for now."""
        self._keep(service)
        earlier = self._serving.get(service)
        if earlier is None or earlier.provider:
            if earlier is not None:
                self._before_loss[service] = earlier
            self._note(service, "", "", "lost")

    def fell_back(self, model: str, *, because_of_budget: bool) -> None:
        """The rehearsal interviewer writes where a model should have."""
        earlier = self._serving.get("llm")
        if earlier is None or earlier.provider != "rehearsal":
            if earlier is not None:
                self._before_loss["llm"] = earlier
            self._note("llm", "rehearsal", model, "budget" if because_of_budget else "fallback")

    def serves(self, service: Service) -> None:
        """A sign of life of a service."""
        self._keep(service)
        back = self._before_loss.pop(service, None)
        if back is not None:
            self._note(service, back.provider, back.model, "recovered")

    def close(self) -> None:
        for service in list(self._losing):
            self._keep(service)

    def _keep(self, service: str) -> None:
        losing = self._losing.pop(service, None)
        if losing is not None:
            losing.cancel()

    def _note(
        self,
        service: Service,
        provider: str,
        model: str,
        reason: Literal["start", "fallback", "budget", "recovered", "lost"],
    ) -> None:
        fact = ProviderChanged(service=service, provider=provider, model=model, reason=reason)
        self._serving[service] = fact
        if reason in ("start", "recovered"):
            self._before_loss.pop(service, None)
        self._changed(fact)
