"""Runs of a model's scores, done in batches: asked together, read when all has been answered, asked once more, ended.

Each step leaves in the database how far it came, so that whoever goes on after a crash neither forgets a batch nor pays
for it twice. A batch whose sender died before it could keep its name is looked for at the provider, among the batches
that nobody here knows, by the names of its calls.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

import msgspec
import structlog

from agents.assessment import Sitting
from agents.attempts import Outcome, Place, unsent_row
from agents.briefing import SCORE
from agents.calls import Call
from agents.judges.judging import VERSION
from agents.pricing import Prices, Usage
from agents.providers.accounts import ModelAccount
from agents.providers.batches import (
    PRICE_SHARE,
    Answered,
    AnthropicBatches,
    Asked,
    chunks,
)
from agents.providers.schemas import fits
from agents.providers.writing import Failure
from agents.rescoring.again import Judged, Work, finish, give_up, judge_aside, readable, start_run
from agents.rescoring.batch_door import Said
from agents.scoring import ScoringError
from storage import lineage, queue, scores, scoring_batches
from storage.database import Connection, Database
from storage.errors import NotFound
from storage.lineage import LineageRecord
from storage.scores import ScoringRun
from storage.scoring_batches import Batch

log = structlog.get_logger(__name__)

BATCH_TASK = "scoring_batch"
MOST_ATTEMPTS = 2
"""How often a call is asked: what is of no use, or was not answered, is asked for once more."""
LOOK_AGAIN = timedelta(seconds=60)
STALE_CLAIM = timedelta(minutes=5)
"""A sender that has not told the batch's name by then is dead: it may take a minute."""


def model_of(account: ModelAccount) -> str:
    """The account's model that scores."""
    return account.models.get(SCORE.tier) or next(iter(account.models.values()))


async def start_in_batches(
    connection: Connection,
    tenant_id: UUID,
    work: Sequence[Work],
    account: ModelAccount,
    rescoring_id: UUID,
    at: datetime,
) -> list[UUID]:
    """Begin a run for each interview and prepare the batches that they need, in the caller's transaction.

    Whoever works the queue sends them. Returns the runs' ids.
    """
    model = model_of(account)
    run_ids = []
    for group in chunks(work, lambda each: (max(1, each.calls), each.bytes)):
        runs = [await start_run(connection, each.interview_id, "model", rescoring_id, at, model) for each in group]
        await _prepare(connection, tenant_id, runs, account, max(1, sum(each.calls for each in group)), attempt=1)
        run_ids += runs
    return run_ids


async def _prepare(
    connection: Connection, tenant_id: UUID, run_ids: Sequence[UUID], account: ModelAccount, requests: int, attempt: int
) -> None:
    batch_id = await scoring_batches.prepare(connection, account.provider, model_of(account), requests)
    await scores.put_in_batch(connection, run_ids, batch_id, attempt)
    await queue.enqueue(connection, BATCH_TASK, queue.Job(tenant_id, batch_id))


class _Run(msgspec.Struct, frozen=True):
    """A run that waits for a batch: its interview as it was held, and what models have answered so far."""

    run: ScoringRun
    held: Sitting
    said: Mapping[str, Said]


class BatchScoring:
    """Carries batches on. One for a process."""

    def __init__(
        self,
        database: Database,
        account: ModelAccount,
        client: AnthropicBatches,
        prices: Prices,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._account = account
        self._client = client
        self._prices = prices
        self._now = now

    async def carry_on(self, tenant_id: UUID, batch_id: UUID) -> bool:
        """Does what can be done about a batch by now. Returns whether something is still to come.

        Raises `Failure` where the provider does not serve: nothing is lost, and it may be done again.
        """
        async with self._database.tenant(tenant_id) as connection:
            batch = await scoring_batches.batch(connection, batch_id)
        try:
            if batch.status in ("prepared", "sending"):
                return await self._send(tenant_id, batch)
            if batch.status == "sent" and batch.provider_batch_id is not None:
                return await self._read(tenant_id, batch, batch.provider_batch_id)
        except Failure as failure:
            if failure.cause != "refused":
                raise
            # What the provider does not take, or does not know, it will not take tomorrow either.
            await self._give_up(tenant_id, batch)
        return False

    async def _give_up(self, tenant_id: UUID, batch: Batch) -> None:
        log.error("rescoring.refused", batch_id=str(batch.id), requests=batch.requests)
        async for run in self._runs(tenant_id, batch.id):
            judged = await judge_aside(run.held, tenant_id, run.said)
            told = [msgspec.structs.replace(each, scores=(), why="refused") if each.wanted else each for each in judged]
            async with self._database.tenant(tenant_id) as connection:
                await finish(connection, run.held, run.run.id, told, VERSION, self._now())
        async with self._database.tenant(tenant_id) as connection:
            await scoring_batches.end(connection, batch.id, "failed", self._now())

    # --- sending ------------------------------------------------------------------------------------------------

    async def _send(self, tenant_id: UUID, batch: Batch) -> bool:
        async with self._database.tenant(tenant_id) as connection:
            if not await scoring_batches.claim(connection, batch.id, self._now(), stale_after=STALE_CLAIM):
                return True
        asked = [each async for run in self._runs(tenant_id, batch.id) for each in await self._asked(tenant_id, run)]
        if not asked:
            # Nobody need be asked about any of the answers, or they are gone: there is nothing to wait for.
            return await self._settle(tenant_id, batch, {})
        name = await self._lost_name(tenant_id, asked) if batch.status == "sending" else ""
        if name is None:
            return True
        if not name:
            name = await self._create(tenant_id, batch, asked)
        async with self._database.tenant(tenant_id) as connection:
            await scoring_batches.sent(connection, batch.id, name, self._now())
        log.info("rescoring.sent", batch_id=str(batch.id), requests=len(asked))
        return True

    async def _create(self, tenant_id: UUID, batch: Batch, asked: Sequence[Asked]) -> str:
        try:
            return await self._client.create(asked, batch.model)
        except Failure as failure:
            if failure.status is not None:
                # It was refused, so it is not there: it may be sent again at once.
                async with self._database.tenant(tenant_id) as connection:
                    await scoring_batches.unclaim(connection, batch.id)
            raise

    async def _lost_name(self, tenant_id: UUID, asked: Sequence[Asked]) -> str | None:
        """The name of the batch that these calls were sent in; "" where they were in none, None where that cannot be
        told yet: one that might be it has not ended, and only then tells its calls' names.
        """
        async with self._database.tenant(tenant_id) as connection:
            known = await scoring_batches.known_names(connection, self._account.provider)
        ours = {each.custom_id for each in asked}
        is_open = False
        for found in await self._client.recent():
            if found.name in known or found.requests != len(asked):
                continue
            if not found.has_ended:
                is_open = True
                continue
            async for answered in self._client.results(found.name):
                if answered.custom_id in ours:
                    return found.name
                break
        return None if is_open else ""

    async def _asked(self, tenant_id: UUID, run: _Run) -> list[Asked]:
        judged = await judge_aside(run.held, tenant_id, run.said)
        wanted = {name: call for each in judged for name, call in each.wanted.items()}
        return [Asked(_custom_id(run.run.id, run.run.attempt, name), call) for name, call in wanted.items()]

    # --- reading ------------------------------------------------------------------------------------------------

    async def _read(self, tenant_id: UUID, batch: Batch, name: str) -> bool:
        standing = await self._client.standing(name)
        if not standing.has_ended:
            return True
        answered = {each.custom_id: each async for each in self._client.results(name)}
        endings = Counter(each.ending for each in answered.values())
        log.info("rescoring.answered", batch_id=str(batch.id), endings=dict(endings))
        return await self._settle(tenant_id, batch, answered)

    async def _settle(self, tenant_id: UUID, batch: Batch, answered: Mapping[str, Answered]) -> bool:
        """Ends the runs that have all they asked for, and has the others ask once more."""
        again: list[UUID] = []
        requests = 0
        async for run in self._runs(tenant_id, batch.id):
            wanted = await self._settle_run(tenant_id, batch, run, answered)
            if wanted:
                again.append(run.run.id)
                requests += wanted
        async with self._database.tenant(tenant_id) as connection:
            is_ours = await scoring_batches.end(connection, batch.id, "read", self._now())
            if again and is_ours:
                await _prepare(connection, tenant_id, again, self._account, requests, attempt=MOST_ATTEMPTS)
        return False

    async def _settle_run(self, tenant_id: UUID, batch: Batch, run: _Run, answered: Mapping[str, Answered]) -> int:
        """Keeps what came for one run. Returns how many calls it has yet to make."""
        asked = await self._asked(tenant_id, run)
        came = [(each.call, answered[each.custom_id]) for each in asked if each.custom_id in answered]
        rows = [self._row(batch, call, one) for call, one in came]
        said = dict(run.said)
        for (call, one), row in zip(came, rows, strict=True):
            if _is_of_use(call, one):
                said[_name(one.custom_id)] = Said(one.text, row.model_name, row.id)
        judged = await judge_aside(run.held, tenant_id, said)
        wanted = {name for each in judged for name in each.wanted}
        is_last = run.run.attempt >= MOST_ATTEMPTS
        async with self._database.tenant(tenant_id) as connection:
            await lineage.record_many(connection, rows)
            if wanted and not is_last:
                await scores.keep_answers(connection, run.run.id, said)
                return len(wanted)
            endings = {_name(one.custom_id): _ending(call, one) for call, one in came}
            told = [_told(each, endings) for each in judged]
            await finish(connection, run.held, run.run.id, told, VERSION, self._now())
        return 0

    async def _runs(self, tenant_id: UUID, batch_id: UUID) -> AsyncIterator[_Run]:
        """The batch's runs that go on, one after another; one whose interview is gone or cannot be read ends here."""
        async with self._database.tenant(tenant_id) as connection:
            waiting = await scores.runs_in_batch(connection, batch_id)
        for run in waiting:
            try:
                async with self._database.tenant(tenant_id) as connection:
                    held = await readable(connection, run.interview_id)
                    kept = await scores.answers_so_far(connection, run.id)
            except (NotFound, ScoringError) as gone:
                why = gone.code if isinstance(gone, ScoringError) else "deleted"
                async with self._database.tenant(tenant_id) as connection:
                    await give_up(connection, run.id, why, self._now())
                continue
            yield _Run(run, held, msgspec.convert(kept, dict[str, Said]))

    def _row(self, batch: Batch, call: Call, answered: Answered) -> LineageRecord:
        """The lineage of one answer, the same however often it is read, at the price of a batch."""
        tally, at = answered.tally, batch.sent_at or self._now()
        usage = Usage(
            tokens_in=tally.tokens_in or 0,
            tokens_out=tally.tokens_out or 0,
            tokens_cache_read=tally.tokens_cache_read,
            tokens_cache_write=tally.tokens_cache_write,
        )
        alone = self._prices.of_tokens(batch.provider, batch.model, usage)
        outcome = _outcome(call, answered)
        metadata: dict[str, object] = {"outcome": outcome, "batch": str(batch.id), "price_share": str(PRICE_SHARE)}
        if outcome == "failed":
            metadata["cause"] = answered.error or answered.ending
        if alone is None:
            metadata["price"] = "unknown"
        took_s = (self._now() - at).total_seconds()
        place = Place(self._account, SCORE.tier, batch.model)
        row = unsent_row(call, place, outcome, self._prices, at=at, took_s=took_s, text=answered.text)
        return msgspec.structs.replace(
            row,
            id=uuid5(batch.id, answered.custom_id),
            model_version=tally.model_version,
            tokens_in=usage.tokens_in,
            tokens_out=usage.tokens_out,
            tokens_cache_read=usage.tokens_cache_read,
            tokens_cache_write=usage.tokens_cache_write,
            cost_usd=(Decimal(0) if alone is None else alone * PRICE_SHARE).quantize(Decimal("0.000001")),
            first_token_ms=None,
            metadata=metadata,
        )


def _custom_id(run_id: UUID, attempt: int, name: str) -> str:
    """At most 64 characters; says nothing of whose interview it is about."""
    return f"{run_id.hex}-{attempt}-{name}"


def _name(custom_id: str) -> str:
    return custom_id.rpartition("-")[2]


def _is_of_use(call: Call, answered: Answered) -> bool:
    return _outcome(call, answered) == "ok"


def _outcome(call: Call, answered: Answered) -> Outcome:
    if answered.ending == "ok":
        return "ok" if fits(answered.text, call.schema) else "unreadable"
    if answered.ending in ("cut_short", "refused"):
        return answered.ending
    return "failed"


def _ending(call: Call, answered: Answered) -> str:
    """Why a call has no answer of use, in one word."""
    outcome = _outcome(call, answered)
    return answered.ending if outcome == "failed" else outcome


def _told(judged: Judged, endings: Mapping[str, str]) -> Judged:
    """With the reason why there is no score, where it was a call of the batch."""
    why = [endings.get(name, "unusable") for name in judged.wanted]
    return msgspec.structs.replace(judged, why=why[0]) if why and not judged.scores else judged
