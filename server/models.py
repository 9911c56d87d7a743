"""The door to models of one process, with its ledger and budget: for serving and for working alike."""

import random
import time
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from agents.allowance import ANY_MODEL, Allowance, Rate
from agents.answer_cache import AnswerCache
from agents.calls import Call
from agents.coaching.coach import Coach
from agents.judges.judging import ModelScorer
from agents.ledger import Ledger
from agents.model_watch import Figures
from agents.models import Models
from agents.pricing import load_prices
from agents.providers.accounts import Served, Trouble
from agents.rehearsal.scorer import RehearsalScorer
from agents.scoring import Scorer
from agents.spending import Budget, Spending
from server.accounts import accounts_of
from server.metrics import MODEL_SECONDS, PROVIDER_FAILURES
from server.settings import Settings
from server.tracing import Traces
from storage.cache import Cache
from storage.database import Database


class Watch:
    """Counts what models do, and tells an interview that is held here who writes for it."""

    def __init__(self, traces: Traces) -> None:
        self._traces = traces
        self.tell_served: Callable[[UUID, Served], None] = lambda _interview_id, _served: None
        self.tell_degraded: Callable[[UUID, str], None] = lambda _interview_id, _to: None

    def served(self, call: Call, served: Served) -> None:
        if call.interview_id is not None and call.task == "reply":
            self.tell_served(call.interview_id, served)

    def troubled(self, call: Call, trouble: Trouble) -> None:  # noqa: ARG002 - counted, whatever it was for
        PROVIDER_FAILURES.labels(service="llm", provider=trouble.provider, cause=trouble.cause).inc()

    def degraded(self, interview_id: UUID | None, from_model: str, to: str) -> None:  # noqa: ARG002 - as above
        if interview_id is not None:
            self.tell_degraded(interview_id, to)

    def called(self, figures: Figures) -> None:
        labels = {"task": figures.task, "model": figures.model, "outcome": figures.outcome}
        if figures.first_words_s is not None:
            MODEL_SECONDS.labels(**labels, part="first_words").observe(figures.first_words_s)
        MODEL_SECONDS.labels(**labels, part="whole").observe(figures.took_s)
        self._traces.model_call(figures)


_REHEARSAL = "rehearsal-scorer/"
"""How the version of a scorer begins that asks no model: whichever of them an interview was begun with."""


class ModelDesk:
    """`door` is None where no model is configured; the ledger is there all the same, for hearing and voices."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        cache: Cache | None,
        now: Callable[[], datetime],
        traces: Traces | None = None,
    ) -> None:
        """Raises `PriceFileError`."""
        budget = Budget(
            interview_usd=Decimal(str(settings.interview_budget_usd)), month_usd=Decimal(str(settings.month_budget_usd))
        )
        self._spending = Spending(budget, database, monotonic=time.monotonic, now=now)
        self.ledger = Ledger(database, load_prices(settings.prices_file), now=now, spending=self._spending)
        self.watch = Watch(traces or Traces())
        rate = Rate(settings.model_requests_a_minute, settings.model_tokens_a_minute)
        # One tenant cannot use up what the others need.
        share = Rate(settings.model_requests_a_minute / 2, settings.model_tokens_a_minute / 2)
        accounts = accounts_of(settings).models
        self.door = (
            Models(
                accounts,
                ledger=self.ledger,
                spending=self._spending,
                answers=AnswerCache(cache) if cache is not None else None,
                allowance=Allowance(model_rates={ANY_MODEL: rate}, tenant_rate=share, monotonic=time.monotonic),
                watch=self.watch,
                monotonic=time.monotonic,
                now=now,
                random=random.random,
            )
            if accounts
            else None
        )
        self._rehearsal = RehearsalScorer()

    async def open(self) -> None:
        """Loads the vendors' code before the first candidate waits for it."""
        if self.door is not None:
            await self.door.open()

    def scorer(self, tenant_id: UUID, begun_with: str) -> Scorer:
        """The scorer that an interview was begun with, or the rehearsal scorer where no model can be had any more."""
        if self.door is None or begun_with.startswith(_REHEARSAL):
            return self._rehearsal
        return ModelScorer(self.door, tenant_id=tenant_id)

    def coach(self, tenant_id: UUID, begun_with: str) -> Coach | None:
        """The coach of an interview that a model scores; None where arithmetic does."""
        if self.door is None or begun_with.startswith(_REHEARSAL):
            return None
        return Coach(self.door, tenant_id=tenant_id)

    async def close(self) -> None:
        """Writes what is left to write."""
        if self.door is not None:
            await self.door.close()
        await self.ledger.close()
        await self._spending.close()
