"""The one door to language models: which of them serves a call, how often it is tried, and what it may cost."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from structlog.stdlib import get_logger

from agents.allowance import Allowance
from agents.answer_cache import AnswerCache
from agents.attempts import Attempt, Outcome, Place, estimate, unsent_row
from agents.calls import BrokeOff, BudgetSpent, Call, Completion, Priority, Task, Unavailable, Unreadable
from agents.ledger import Ledger
from agents.model_watch import Figures, Unwatched, Watch
from agents.patience import PATIENCE, Patience
from agents.providers.accounts import ModelAccount, Served, Tier, Trouble
from agents.providers.breaker import Breaker, State
from agents.providers.schemas import fits
from agents.providers.trouble import Cause
from agents.providers.writing import Failure, ModelClient, client_of
from agents.spending import CHEAPER, Spending
from storage.lineage import LineageRecord

log = get_logger(__name__)

REHEARSAL = "rehearsal"
"""Who writes where the budget allows no model."""
ROUNDS = 2
"""How often a whole answer is asked for, where the first cannot be read or breaks off."""
_MOST_TOLD = 10_000


_FIRST_PAUSE_S = 0.2
_TIERS: tuple[Tier, ...] = ("fast", "balanced", "powerful")

K = TypeVar("K")


class Models:
    """One for a process. Accounts are tried in their order; every try is in the ledger."""

    def __init__(
        self,
        accounts: Sequence[ModelAccount],
        *,
        ledger: Ledger,
        monotonic: Callable[[], float],
        now: Callable[[], datetime],
        random: Callable[[], float],
        spending: Spending | None = None,
        answers: AnswerCache | None = None,
        allowance: Allowance | None = None,
        watch: Watch | None = None,
        patience: Mapping[Priority, Patience] = PATIENCE,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._accounts = tuple(accounts)
        self._breakers = [Breaker(monotonic) for _ in self._accounts]
        self._clients: dict[int, ModelClient] = {}
        self._opening = asyncio.Lock()
        self._ledger = ledger
        self._spending = spending
        self._answers = answers
        self._allowance = allowance or Allowance(monotonic=monotonic)
        self._watch = watch or Unwatched()
        self._patience = patience
        self._monotonic = monotonic
        self._now = now
        self._random = random
        self._sleep = sleep
        self._told_serving: dict[tuple[UUID | None, Task], str] = {}
        self._told_degraded: dict[tuple[UUID | None, Tier], str] = {}

    @property
    def states(self) -> dict[str, State]:
        """How each account's breaker stands, by its place in the order and its provider: `0/anthropic`."""
        pairs = zip(self._accounts, self._breakers, strict=True)
        return {f"{place}/{account.provider}": each.state for place, (account, each) in enumerate(pairs)}

    async def open(self) -> None:
        """Load the vendors' SDKs now, beside the event loop: the first candidate should not wait for it."""
        async with self._opening:
            for index, account in enumerate(self._accounts):
                if index not in self._clients:
                    self._clients[index] = await asyncio.to_thread(client_of, account)

    async def close(self) -> None:
        """Close every connection. The ledger is closed by whoever opened it."""
        for client in self._clients.values():
            await client.close()
        self._clients.clear()

    async def stream(self, call: Call) -> AsyncGenerator[str, None]:
        """See `Door`."""
        _refuse_malformed(call)
        kept = await self._kept(call)
        if kept is not None:
            yield kept.text
            return
        tier = await self._affordable(call)
        attempt, words = await self._begin(call, tier)
        outcome: Outcome = "cancelled"
        cause: Cause | None = None
        next_words: str | None = words
        try:
            while next_words is not None:
                yield next_words
                next_words = await attempt.next(self._patience[call.priority].stall)
            outcome = attempt.outcome()
        except Failure as failure:
            outcome, cause = "broke_off", failure.cause
            self._troubled(attempt, failure)
            raise BrokeOff(f"{attempt.place.name} broke off after its first words: {cause}.") from failure
        finally:
            self._keep(attempt, outcome, cause)
            await attempt.close()
        if outcome != "ok":
            raise BrokeOff(f"{attempt.place.name} ended before it was done: {outcome}.")
        if self._answers is not None:
            await self._answers.keep(call, attempt.place.model, attempt.text)

    async def complete(self, call: Call) -> Completion:
        """See `Door`."""
        _refuse_malformed(call)
        kept = await self._kept(call)
        if kept is not None:
            await self._write_down(call)
            return kept
        tier = await self._affordable(call)
        for rounds_left in reversed(range(ROUNDS)):
            attempt, _ = await self._begin(call, tier)
            name = attempt.place.name
            outcome: Outcome = "cancelled"
            cause: Cause | None = None
            try:
                await self._read_on(attempt)
                outcome = attempt.outcome()
                if outcome == "ok" and not fits(attempt.text, call.schema):
                    outcome = "unreadable"
            except Failure as failure:
                outcome, cause = "broke_off", failure.cause
                self._troubled(attempt, failure)
                if not rounds_left:
                    raise Unavailable(f"{name} gave no whole answer: {cause}.") from failure
            finally:
                self._keep(attempt, outcome, cause)
                await attempt.close()
            if outcome == "ok":
                if self._answers is not None:
                    await self._answers.keep(call, attempt.place.model, attempt.text)
                await self._write_down(call)
                return Completion(text=attempt.text, model=attempt.place.model, lineage_id=attempt.id)
            if outcome == "refused":
                raise Unavailable(f"{name} would not answer.")
        raise Unreadable(f"{name} gave no answer in the form that was asked for, {ROUNDS} times.")

    async def _write_down(self, call: Call) -> None:
        """A score is kept with the name of its call: a process that dies between the two must not leave it alone."""
        if call.task == "score":
            await self._ledger.flush()

    async def _read_on(self, attempt: Attempt) -> None:
        """Reads a whole answer after its first words. Raises `Failure`."""
        patience = self._patience[attempt.call.priority]
        try:
            async with asyncio.timeout(patience.whole):
                while await attempt.next(patience.stall) is not None:
                    pass
        except TimeoutError as late:
            raise Failure("timed_out") from late

    async def _begin(self, call: Call, tier: Tier) -> tuple[Attempt, str]:
        """The first try that gives words, and those words. Raises `Unavailable`."""
        patience = self._patience[call.priority]
        began = self._monotonic()
        number, cause = 0, "none was free"
        for index, account in enumerate(self._accounts):
            for tried in range(patience.tries):
                left = began + patience.before_words - self._monotonic()
                if left <= 0 or not self._breakers[index].allows:
                    break
                place = await self._admitted(call, account, tier, left)
                if place is None:
                    cause = "its allowance is used up"
                    break
                number += 1
                left = began + patience.before_words - self._monotonic()
                try:
                    return await self._try(call, index, place, number, max(0.0, min(left, patience.first_words)))
                except Failure as failure:
                    cause = failure.cause
                    pause = self._pause(failure, tried, patience, is_last=index == len(self._accounts) - 1)
                left = began + patience.before_words - self._monotonic()
                if pause is None or pause >= left or tried == patience.tries - 1:
                    break
                await self._sleep(pause)
        if not number:
            self._keep_unsent(call, self._place(self._accounts[0], tier), "untried", began)
        raise Unavailable(f"No model served; of the last that could be asked: {cause}.")

    async def _try(self, call: Call, index: int, place: Place, number: int, within_s: float) -> tuple[Attempt, str]:
        client = await self._client(index)
        first = self._place(self._accounts[0], call.tier).name
        fallback_from = first if index and first != place.name else None
        attempt = Attempt(
            client,
            call,
            place,
            number=number,
            fallback_from=fallback_from,
            monotonic=self._monotonic,
            now=self._now,
        )
        breaker = self._breakers[index]
        breaker.begin()
        outcome: Outcome = "cancelled"
        cause: Cause | None = None
        has_begun = False
        try:
            words = await attempt.first(within_s)
            has_begun = True
        except Failure as failure:
            outcome, cause = ("refused" if failure.cause == "refused" else "failed"), failure.cause
            self._troubled(attempt, failure)
            raise
        finally:
            if not has_begun:
                self._keep(attempt, outcome, cause)
                await attempt.close()
        breaker.succeeded()
        self._serving(call, place, fallback_from)
        return attempt, words

    def _pause(self, failure: Failure, tried: int, patience: Patience, *, is_last: bool) -> float | None:
        """Seconds until the same account is tried again; None where the next one should be."""
        if not failure.may_pass or (failure.cause == "timed_out" and not is_last):
            return None
        pause = min(_FIRST_PAUSE_S * 2**tried * (0.5 + self._random()), patience.longest_pause)
        if failure.retry_after_s is not None:
            pause = max(pause, failure.retry_after_s)
        return pause if pause <= patience.longest_pause else None

    async def _admitted(self, call: Call, account: ModelAccount, tier: Tier, left: float) -> Place | None:
        """Where an account's allowance lets the call through: for a live one also with a cheaper model."""
        tokens = estimate(call) + call.max_tokens
        within = min(self._patience[call.priority].admission, left)
        refused: set[str] = set()
        while True:
            place = self._place(account, tier)
            if place.model not in refused and await self._allowance.admit(
                call.tenant_id, place.model, tokens, call.priority, within
            ):
                return place
            refused.add(place.model)
            if call.priority != "live" or tier == CHEAPER[tier]:
                return None
            tier, within = CHEAPER[tier], 0.0

    async def _affordable(self, call: Call) -> Tier:
        """The tier that the budget allows. Raises `BudgetSpent`."""
        if not self._accounts:
            raise Unavailable("No language model is configured.")
        if self._spending is None:
            return call.tier
        began = self._monotonic()
        standing = await self._spending.standing(call.tenant_id, call.interview_id)
        asked = self._place(self._accounts[0], call.tier)
        if standing == "spent":
            self._degraded(call, asked, REHEARSAL)
            self._keep_unsent(call, asked, "budget_spent", began)
            raise BudgetSpent("The budget of the interview or of the month is spent.")
        tier = CHEAPER[call.tier] if standing == "nearly_spent" else call.tier
        self._degraded(call, asked, self._place(self._accounts[0], tier).model)
        return tier

    def _degraded(self, call: Call, asked: Place, to: str) -> None:
        key = (call.interview_id, call.tier)
        if _put(self._told_degraded, key, to) != to and (to != asked.model):
            log.warning("models.degraded", from_model=asked.model, to=to, tier=call.tier)
            self._watch.degraded(call.interview_id, asked.model, to)

    def _serving(self, call: Call, place: Place, fallback_from: str | None) -> None:
        if _put(self._told_serving, (call.interview_id, call.task), place.name) != place.name:
            served = Served("llm", place.account.provider, place.model, fallback_from)
            self._watch.served(call, served)

    def _troubled(self, attempt: Attempt, failure: Failure) -> None:
        place, call = attempt.place, attempt.call
        breaker = self._breakers[self._accounts.index(place.account)]
        if failure.cause == "refused":
            # It answered: what it refused is this request.
            breaker.succeeded()
        else:
            breaker.failed(failure.cause)
        log.warning(
            "models.failed",
            provider=place.account.provider,
            model=place.model,
            cause=failure.cause,
            status=failure.status,
            after_words=bool(attempt.parts),
            error=type(failure.__cause__).__name__,
        )
        self._watch.troubled(call, Trouble("llm", place.account.provider, place.model, failure.cause))

    def _keep(self, attempt: Attempt, outcome: Outcome, cause: Cause | None) -> None:
        call, model = attempt.call, attempt.place.model
        self._keep_row(call, attempt.row(outcome, cause, self._ledger.prices), outcome)
        self._allowance.correct(call.tenant_id, model, attempt.tokens_used - estimate(call) - call.max_tokens)

    def _keep_unsent(self, call: Call, place: Place, outcome: Outcome, began: float, text: str = "") -> UUID:
        row = unsent_row(
            call,
            place,
            outcome,
            self._ledger.prices,
            at=self._now(),
            took_s=self._monotonic() - began,
            text=text,
        )
        self._keep_row(call, row, outcome)
        return row.id

    def _keep_row(self, call: Call, row: LineageRecord, outcome: Outcome) -> None:
        self._ledger.keep(call.tenant_id, row)
        first_s = None if row.first_token_ms is None else row.first_token_ms / 1000
        self._watch.called(
            Figures(call.task, row.model_name, outcome, first_s, row.latency_ms / 1000, float(row.cost_usd))
        )

    async def _kept(self, call: Call) -> Completion | None:
        """An answer that was given before."""
        if self._answers is None or not self._accounts:
            return None
        began, place = self._monotonic(), self._place(self._accounts[0], call.tier)
        text = await self._answers.find(call, place.model)
        if text is None:
            return None
        row_id = self._keep_unsent(call, place, "cached", began, text)
        return Completion(text=text, model=place.model, lineage_id=row_id, is_from_cache=True)

    @staticmethod
    def _place(account: ModelAccount, tier: Tier) -> Place:
        """The account's model for a tier, or the nearest it has, a cheaper one first."""
        at = _TIERS.index(tier)
        nearest = (*reversed(_TIERS[: at + 1]), *_TIERS[at + 1 :])
        found = next((each for each in nearest if each in account.models), None)
        if found is None:
            raise Unavailable(f"The account of {account.provider} names no model.")
        return Place(account, found, account.models[found])

    async def _client(self, index: int) -> ModelClient:
        if index not in self._clients:
            await self.open()
        return self._clients[index]


def _refuse_malformed(call: Call) -> None:
    """Raises `ValueError` for a call that no provider would take: a mistake of ours, not of a provider."""
    if not call.messages or call.messages[-1].role != "user":
        raise ValueError("a call ends with a user's message")
    if call.max_tokens < 1:
        raise ValueError("a call allows at least one token")


def _put(told: dict[K, str], key: K, value: str) -> str | None:
    """Remember what was told last, and return what was told before it."""
    before = told.pop(key, None)
    told[key] = value
    if len(told) > _MOST_TOLD:
        del told[next(iter(told))]
    return before
