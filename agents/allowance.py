"""How much may be asked of a model: buckets of requests and tokens a minute, and who goes first when they are low.

`Bucket` and `Line` are pure and take the time as an argument; `Allowance` waits.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from uuid import UUID

import msgspec

from agents.calls import Priority

_RANKS: dict[Priority, int] = {"live": 0, "soon": 1, "later": 2}
_KEPT_BACK: dict[Priority, float] = {"live": 0.0, "soon": 0.1, "later": 0.25}
"""The share of a model's bucket that a priority leaves for those before it."""
_MOST_TENANTS = 10_000
ANY_MODEL = "*"


class Rate(msgspec.Struct, frozen=True):
    """What may be used a minute; None is no limit."""

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None


class Bucket:
    """Fills evenly and holds what one minute brings. `per_minute` None is never empty. Times in seconds."""

    def __init__(self, per_minute: float | None, now: float) -> None:
        self._capacity = per_minute
        self._level = per_minute or 0.0
        self._at = now

    def wait_for(self, amount: float, now: float, *, kept_back: float = 0.0) -> float:
        """How long until so much can be taken and a share `kept_back` is left. What never fits asks for all."""
        if self._capacity is None:
            return 0.0
        self._fill(now)
        wanted = min(amount, self._capacity * (1 - kept_back)) + self._capacity * kept_back
        return max(0.0, (wanted - self._level) / (self._capacity / 60))

    def take(self, amount: float, now: float) -> None:
        """Take so much, also more than there is: what follows then waits. A negative amount is given back."""
        if self._capacity is not None:
            self._fill(now)
            self._level = min(self._capacity, self._level - amount)

    def is_full(self, now: float) -> bool:
        return self._capacity is None or self.wait_for(self._capacity, now) == 0.0

    def _fill(self, now: float) -> None:
        if self._capacity is not None:
            self._level = min(self._capacity, self._level + (now - self._at) * self._capacity / 60)
        self._at = max(self._at, now)


class _Buckets:
    """Requests and tokens together."""

    def __init__(self, rate: Rate, now: float) -> None:
        self._requests = Bucket(rate.requests_per_minute, now)
        self._tokens = Bucket(rate.tokens_per_minute, now)

    def wait_for(self, tokens: float, now: float, *, kept_back: float = 0.0) -> float:
        requests = self._requests.wait_for(1, now, kept_back=kept_back)
        return max(requests, self._tokens.wait_for(tokens, now, kept_back=kept_back))

    def take(self, requests: float, tokens: float, now: float) -> None:
        self._requests.take(requests, now)
        self._tokens.take(tokens, now)

    def is_full(self, now: float) -> bool:
        return self._requests.is_full(now) and self._tokens.is_full(now)


class Ticket(msgspec.Struct, frozen=True, eq=False):
    """Somebody's place in the line."""

    tenant_id: UUID
    tokens: float
    priority: Priority


class Line:
    """Those who wait for one model: live before soon before later, each in the order in which they came."""

    def __init__(self, rate: Rate, tenant_rate: Rate, now: float) -> None:
        self._model = _Buckets(rate, now)
        self._tenant_rate = tenant_rate
        self._tenants: dict[UUID, _Buckets] = {}
        self._waiting: list[Ticket] = []

    def join(self, ticket: Ticket) -> None:
        """Stand behind those of the same priority."""
        self._waiting.append(ticket)
        self._waiting.sort(key=lambda each: _RANKS[each.priority])

    def leave(self, ticket: Ticket) -> None:
        """Give the place up."""
        if ticket in self._waiting:
            self._waiting.remove(ticket)

    def admit(self, now: float) -> list[Ticket]:
        """Those who may go now, in their order. What each uses is taken from the buckets."""
        admitted: list[Ticket] = []
        for ticket in tuple(self._waiting):
            if self._model.wait_for(ticket.tokens, now, kept_back=_KEPT_BACK[ticket.priority]) > 0:
                # Nobody behind goes first, or a great need would wait for ever on small ones.
                break
            tenant = self._tenant(ticket.tenant_id, now)
            if tenant.wait_for(ticket.tokens, now) > 0:
                continue  # Its own tenant's limit holds nobody else up.
            self._model.take(1, ticket.tokens, now)
            tenant.take(1, ticket.tokens, now)
            self._waiting.remove(ticket)
            admitted.append(ticket)
        return admitted

    def next_in(self, now: float) -> float | None:
        """Seconds until somebody may go; None when nobody waits."""
        waits: list[float] = []
        for ticket in self._waiting:
            model = self._model.wait_for(ticket.tokens, now, kept_back=_KEPT_BACK[ticket.priority])
            waits.append(max(model, self._tenant(ticket.tenant_id, now).wait_for(ticket.tokens, now)))
            if model > 0:
                break
        return min(waits, default=None)

    def correct(self, tenant_id: UUID, tokens: float, now: float) -> None:
        """Take `tokens` more than was thought, or give some back."""
        self._model.take(0, tokens, now)
        self._tenant(tenant_id, now).take(0, tokens, now)

    def _tenant(self, tenant_id: UUID, now: float) -> _Buckets:
        if tenant_id not in self._tenants:
            if len(self._tenants) >= _MOST_TENANTS:
                self._tenants = {key: each for key, each in self._tenants.items() if not each.is_full(now)}
            self._tenants[tenant_id] = _Buckets(self._tenant_rate, now)
        return self._tenants[tenant_id]


class Allowance:
    """One for a process. `model_rates` are by the model's name; `*` is for the others."""

    def __init__(
        self,
        *,
        model_rates: Mapping[str, Rate] | None = None,
        tenant_rate: Rate | None = None,
        monotonic: Callable[[], float],
    ) -> None:
        self._model_rates = model_rates or {}
        self._tenant_rate = tenant_rate or Rate()
        self._monotonic = monotonic
        self._lines: dict[str, Line] = {}
        self._places: dict[Ticket, asyncio.Future[None]] = {}
        self._alarms: dict[str, asyncio.TimerHandle] = {}

    async def admit(self, tenant_id: UUID, model: str, tokens: float, priority: Priority, within_s: float) -> bool:
        """Wait for leave to ask a model for about so many tokens; False where it does not come in time."""
        line = self._line(model)
        ticket = Ticket(tenant_id, tokens, priority)
        place = asyncio.get_running_loop().create_future()
        self._places[ticket] = place
        line.join(ticket)
        try:
            self._move(model)
            if not place.done():
                with suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(place), max(0.0, within_s))
            return place.done()
        except asyncio.CancelledError:
            if place.done():
                line.correct(tenant_id, -tokens, self._monotonic())
            raise
        finally:
            del self._places[ticket]
            line.leave(ticket)
            self._move(model)

    def correct(self, tenant_id: UUID, model: str, tokens: float) -> None:
        """A call used so many tokens more than it was admitted with, or less where negative."""
        self._line(model).correct(tenant_id, tokens, self._monotonic())
        self._move(model)

    def _line(self, model: str) -> Line:
        if model not in self._lines:
            rate = self._model_rates.get(model) or self._model_rates.get(ANY_MODEL) or Rate()
            self._lines[model] = Line(rate, self._tenant_rate, self._monotonic())
        return self._lines[model]

    def _move(self, model: str) -> None:
        """Let go whoever may, and look again when the next one may."""
        alarm = self._alarms.pop(model, None)
        if alarm is not None:
            alarm.cancel()
        line = self._lines[model]
        for ticket in line.admit(self._monotonic()):
            self._places[ticket].set_result(None)
        wait = line.next_in(self._monotonic())
        if wait is not None:
            # A little late, so that rounding does not make it look twice.
            self._alarms[model] = asyncio.get_running_loop().call_later(wait + 0.001, self._move, model)
