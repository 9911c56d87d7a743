"""Scored once more, an interview has other scores beside the live ones; batches survive whatever happens to them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import msgspec
import pytest

from agents.assessment import score_answers, write_report
from agents.judges.judging import ModelScorer
from agents.pricing import load_prices
from agents.providers.batches import AnthropicBatches
from agents.providers.writing import Failure
from agents.rescoring.again import Unscored, score_by_rules, start_run
from agents.rescoring.batches import STALE_CLAIM, BatchScoring, start_in_batches
from agents.rescoring.compared_runs import live_run_of, pair_of
from agents.rescoring.comparing import compare
from server.rescoring import work_on
from server.scores_audit import audit_scores
from storage import plans, scores
from storage.database import Database
from storage.ids import uuid7
from storage.interviews import delete_softly
from storage.lineage import LineageRecord, lineage_of
from storage.plans import NewPlan, import_plan, plan_by_slug
from storage.scores import Score, ScoringRun
from storage.scoring_batches import claim
from tests.agents.doorway import doorway
from tests.agents.providers.batching import Vendor, vendor
from tests.agents.sitting import PLAN
from tests.conftest import DatabaseUrls, Person
from tests.emulators.faults import Fault
from tests.server.carrying.held import Desk, answered

POSTED = "/v1/messages/batches"
PRICES = load_prices()
BREAKS = "update interview.events set payload = payload - 'text' where interview_id = $1 and type = 'turn.closed'"


class Bench:
    """A person's interviews, the vendor's batches, and whoever carries them on."""

    def __init__(self, desk: Desk, held: Vendor) -> None:
        self.desk = desk
        self.vendor = held
        self.scoring = self.another()

    @property
    def database(self) -> Database:
        return self.desk.database

    @property
    def tenant_id(self) -> UUID:
        return self.desk.person.tenant_id

    def another(self, client: AnthropicBatches | None = None) -> BatchScoring:
        """Another process of the same installation."""
        account = self.vendor.account()
        return BatchScoring(self.desk.database, account, client or self.vendor.client, PRICES, now=self.desk.clock)

    async def begins(self, *interview_ids: UUID) -> list[UUID]:
        """Runs by a model over these interviews; returns their ids."""
        account = self.vendor.account()
        work = await work_on(self.database, self.tenant_id, interview_ids, account)
        async with self.database.tenant(self.tenant_id) as connection:
            return await start_in_batches(connection, self.tenant_id, work, account, uuid7(), self.desk.clock())

    async def run(self, run_id: UUID) -> ScoringRun:
        async with self.database.tenant(self.tenant_id) as connection:
            return await scores.run(connection, run_id)

    async def batch_id(self, run_id: UUID) -> UUID:
        found = (await self.run(run_id)).batch_id
        assert found is not None
        return found

    async def step(self, run_id: UUID, scoring: BatchScoring | None = None) -> bool:
        """What a task does of the batch that a run waits for."""
        return await (scoring or self.scoring).carry_on(self.tenant_id, await self.batch_id(run_id))

    async def ends(self, run_id: UUID) -> ScoringRun:
        """Carries the run's batches on until it has ended."""
        for _ in range(20):
            if (await self.run(run_id)).status != "running":
                break
            await self.step(run_id)
        return await self.run(run_id)

    async def rows(self, run_id: UUID) -> list[Score]:
        async with self.database.tenant(self.tenant_id) as connection:
            run = await scores.run(connection, run_id)
            return await scores.scores_of(connection, run.interview_id, run_id=run_id)

    async def levels(self, run_id: UUID) -> list[int | None]:
        return [row.level for row in await self.rows(run_id)]

    async def lineage(self, interview_id: UUID) -> list[LineageRecord]:
        """The calls of models for an interview."""
        async with self.database.tenant(self.tenant_id) as connection:
            return [row for row in await lineage_of(connection, interview_id) if row.provider != "viva"]

    async def is_sound(self, interview_id: UUID) -> None:
        """Nothing is amiss with its views or its scores."""
        assert await self.desk.verified(interview_id) == []
        async for found in audit_scores(self.database, [interview_id]):
            assert found.faults == ()


@pytest.fixture
async def bench(database: Database, tenant: Person, database_urls: DatabaseUrls) -> AsyncIterator[Bench]:
    async with vendor() as held:
        yield Bench(Desk(database, tenant, database_urls.admin), held)


async def live_of(bench: Bench, interview_id: UUID) -> tuple[ScoringRun, list[Score]]:
    async with bench.database.tenant(bench.tenant_id) as connection:
        live = next(run for run in await scores.runs_of(connection, interview_id) if run.reason == "live")
        return live, await scores.scores_of(connection, interview_id)


# --- by rules --------------------------------------------------------------------------------------------------------


async def test_the_rehearsal_scorer_scores_once_more_beside_the_live_scores(bench: Bench) -> None:
    interview_id = await bench.desk.holds()
    before = await live_of(bench, interview_id)
    async with bench.database.tenant(bench.tenant_id) as connection:
        run_id = await start_run(connection, interview_id, "rehearsal", uuid7(), bench.desk.clock())
    for _ in range(2):
        await score_by_rules(bench.database, bench.tenant_id, run_id, bench.desk.clock)
    run = await bench.run(run_id)
    assert (run.status, run.is_current, run.unscored, run.model) == ("completed", False, [], None)
    assert await bench.levels(run_id) == [score.level for score in before[1]]
    assert await live_of(bench, interview_id) == before
    await bench.is_sound(interview_id)


# --- by a model, in batches ------------------------------------------------------------------------------------------


async def test_a_model_scores_in_a_batch_at_half_the_price(bench: Bench) -> None:
    interview_id = await bench.desk.holds()
    before = await live_of(bench, interview_id)
    (run_id,) = await bench.begins(interview_id)
    run = await bench.ends(run_id)
    assert (run.status, run.is_current, run.unscored, run.model) == ("completed", False, [], "claude-sonnet-5-5")
    assert await live_of(bench, interview_id) == before
    rows = await bench.rows(run_id)
    judged = [row for row in rows if row.level is not None]
    assert judged
    assert all(row.evidence for row in judged)
    calls = {call.id: call for call in await bench.lineage(interview_id)}
    for row in judged:
        call = calls[row.lineage_id] if row.lineage_id else None
        assert call is not None
        assert (call.metadata["outcome"], call.metadata["price_share"]) == ("ok", "0.5")
        cached = Decimal("0.1") * call.tokens_cache_read + Decimal("2.5") * call.tokens_cache_write
        price = (2 * call.tokens_in + 10 * call.tokens_out + cached) / 1_000_000
        assert call.cost_usd == pytest.approx(price / 2, abs=Decimal("0.000001"))
    assert bench.vendor.requests(POSTED) == 1
    await bench.is_sound(interview_id)


async def test_interviews_share_a_batch_and_each_gets_its_own_answers(bench: Bench) -> None:
    ids = [await bench.desk.holds(answered("q1")), await bench.desk.holds(answered("q1", "q2"))]
    first, second = await bench.begins(*ids)
    assert await bench.batch_id(first) == await bench.batch_id(second)
    assert (await bench.ends(first)).status == (await bench.ends(second)).status == "completed"
    assert bench.vendor.requests(POSTED) == 1
    assert len([level for level in await bench.levels(first) if level]) == 1
    assert len([level for level in await bench.levels(second) if level]) == 2
    for interview_id in ids:
        await bench.is_sound(interview_id)


async def test_a_batch_asks_to_the_byte_what_is_asked_live_and_names_no_interview(bench: Bench) -> None:
    interview_id = await bench.desk.holds(answered("q1"), report=False)
    async with doorway(bench.database, bench.desk.person, accounts="anthropic") as live:
        await score_answers(
            bench.database,
            bench.tenant_id,
            interview_id,
            lambda tenant_id, _version: ModelScorer(live.door, tenant_id=tenant_id),
            bench.desk.clock,
        )
        await live.ledger.flush()
        asked = [request.body for request in live.anthropic.requests]
    await write_report(bench.database, bench.tenant_id, interview_id, bench.desk.clock)
    (run_id,) = await bench.begins(interview_id)
    await bench.step(run_id)
    (sent,) = [each for each in bench.vendor.anthropic.requests if each.path == POSTED and each.method == "POST"]
    requests = msgspec.convert(sent.body["requests"], list[dict[str, object]])
    assert [request["params"] for request in requests] == [
        {key: value for key, value in body.items() if key != "stream"} for body in asked
    ]
    for secret in (interview_id, bench.tenant_id, bench.desk.person.user_id):
        assert str(secret).encode() not in sent.raw
        assert secret.hex.encode() not in sent.raw


@pytest.mark.parametrize("end", ["errored", "expired", "canceled"])
async def test_what_was_not_answered_is_asked_once_more(bench: Bench, end: str) -> None:
    interview_id = await bench.desk.holds()
    (run_id,) = await bench.begins(interview_id)
    bench.vendor.batches.ends = [end]
    run = await bench.ends(run_id)
    assert (run.status, run.attempt, run.unscored) == ("completed", 2, [])
    first, second = bench.vendor.batches.made
    assert [each.rpartition("-")[2] for each in second.custom_ids] == [first.custom_ids[0].rpartition("-")[2]]
    outcomes = [call.metadata["outcome"] for call in await bench.lineage(interview_id)]
    assert sorted(outcomes) == ["failed", "ok", "ok"]
    await bench.is_sound(interview_id)


async def test_what_is_not_answered_twice_is_told_and_no_level_is_made_up(bench: Bench) -> None:
    interview_id = await bench.desk.holds()
    (run_id,) = await bench.begins(interview_id)
    bench.vendor.batches.ends = ["errored", "", "expired"]
    run = await bench.ends(run_id)
    assert run.status == "failed"
    (unscored,) = msgspec.convert(run.unscored, list[Unscored])
    assert (unscored.version, unscored.why) == (1, "expired")
    assert len(await bench.rows(run_id)) == len((await live_of(bench, interview_id))[1]) - 1
    await bench.is_sound(interview_id)


async def test_a_quote_that_was_not_said_is_asked_about_once_more_as_it_is_live(bench: Bench) -> None:
    interview_id = await bench.desk.holds(answered("q1"))
    (run_id,) = await bench.begins(interview_id)
    made_up = {
        "quotes": [{"seq": 1, "text": "I never said this to anybody."}],
        "covered": [],
        "missed": [],
        "anchor": 5,
        "level": 5,
        "null_reason": None,
        "suggestion": None,
    }
    bench.vendor.mind.scripted = [msgspec.json.encode(made_up).decode()]
    run = await bench.ends(run_id)
    assert (run.status, run.attempt) == ("completed", 2)
    (request,) = bench.vendor.batches.made[1]._requests
    assert [message["role"] for message in request["params"]["messages"]] == ["user", "assistant", "user"]
    assert 5 not in await bench.levels(run_id)
    await bench.is_sound(interview_id)


async def test_an_answer_that_is_no_verdict_is_asked_for_once_more(bench: Bench) -> None:
    interview_id = await bench.desk.holds(answered("q1"))
    (run_id,) = await bench.begins(interview_id)
    bench.vendor.mind.scripted = ["Level 5, without doubt!", "Level 5, I say."]
    run = await bench.ends(run_id)
    assert run.status == "failed"
    assert [each.why for each in msgspec.convert(run.unscored, list[Unscored])] == ["unreadable"]
    assert [level for level in await bench.levels(run_id) if level] == []


# --- whatever happens to whoever carries them on ---------------------------------------------------------------------


async def test_a_worker_that_died_after_sending_goes_on_with_the_same_batch(bench: Bench) -> None:
    interview_id = await bench.desk.holds()
    (run_id,) = await bench.begins(interview_id)
    bench.vendor.faults.plan("anthropic", Fault(kind="disconnect", after=10))
    with pytest.raises(Failure):
        await bench.step(run_id)
    assert len(bench.vendor.batches.made) == 1
    assert await bench.step(run_id)
    assert bench.vendor.requests(POSTED) == 1
    bench.desk.clock.forward(STALE_CLAIM)
    bench.vendor.batches.never_ends.add(bench.vendor.batches.made[0].name)
    assert await bench.step(run_id, bench.another())
    assert len(bench.vendor.batches.made) == 1
    bench.vendor.batches.never_ends.clear()
    for _ in range(2):
        await bench.vendor.client.standing(bench.vendor.batches.made[0].name)
    bench.desk.clock.forward(STALE_CLAIM)
    assert (await bench.ends(run_id)).status == "completed"
    assert len(bench.vendor.batches.made) == 1
    await bench.is_sound(interview_id)


async def test_a_worker_that_died_before_sending_leaves_it_to_be_sent(bench: Bench) -> None:
    interview_id = await bench.desk.holds()
    (run_id,) = await bench.begins(interview_id)
    async with bench.database.tenant(bench.tenant_id) as connection:
        assert await claim(connection, await bench.batch_id(run_id), bench.desk.clock(), stale_after=STALE_CLAIM)
    assert await bench.step(run_id)
    assert bench.vendor.batches.made == []
    bench.desk.clock.forward(STALE_CLAIM)
    assert (await bench.ends(run_id)).status == "completed"
    assert len(bench.vendor.batches.made) == 1


async def test_another_batch_of_the_same_size_is_not_taken_for_a_lost_one(bench: Bench) -> None:
    ids = [await bench.desk.holds(answered("q1")) for _ in range(2)]
    (first,) = await bench.begins(ids[0])
    (second,) = await bench.begins(ids[1])
    assert (await bench.ends(first)).status == "completed"
    async with bench.database.tenant(bench.tenant_id) as connection:
        await claim(connection, await bench.batch_id(second), bench.desk.clock(), stale_after=STALE_CLAIM)
    bench.desk.clock.forward(STALE_CLAIM)
    assert (await bench.ends(second)).status == "completed"
    assert len(bench.vendor.batches.made) == 2


async def test_workers_at_once_send_one_batch(bench: Bench) -> None:
    (run_id,) = await bench.begins(await bench.desk.holds())
    await asyncio.gather(*(bench.step(run_id, bench.another()) for _ in range(4)))
    assert len(bench.vendor.batches.made) == 1


async def test_results_that_broke_off_are_read_again_and_kept_once(bench: Bench) -> None:
    interview_id = await bench.desk.holds()
    (run_id,) = await bench.begins(interview_id)
    await bench.step(run_id)
    await bench.step(run_id)
    bench.vendor.faults.plan("anthropic", Fault(kind="delay", seconds=0.0, times=2))
    bench.vendor.faults.plan("anthropic", Fault(kind="disconnect", after=700))
    with pytest.raises(Failure):
        await bench.step(run_id)
    assert (await bench.ends(run_id)).status == "completed"
    calls = await bench.lineage(interview_id)
    assert len(calls) == len(bench.vendor.batches.made[0].custom_ids)
    assert len(bench.vendor.batches.made) == 1


async def test_readers_at_once_ask_once_more_once(bench: Bench) -> None:
    interview_id = await bench.desk.holds()
    (run_id,) = await bench.begins(interview_id)
    batch_id = await bench.batch_id(run_id)
    bench.vendor.batches.ends = ["expired"]
    await bench.step(run_id)
    await bench.step(run_id)
    await asyncio.gather(*(bench.another().carry_on(bench.tenant_id, batch_id) for _ in range(3)))
    assert (await bench.ends(run_id)).status == "completed"
    async with bench.database.tenant(bench.tenant_id) as connection:
        assert await connection.fetchval("select count(*) from interview.scoring_batches") == 2
    assert len(bench.vendor.batches.made) == 2
    await bench.is_sound(interview_id)


async def test_a_batch_that_the_vendor_refuses_ends_its_runs_openly(bench: Bench) -> None:
    interview_id = await bench.desk.holds()
    (run_id,) = await bench.begins(interview_id)
    bench.vendor.faults.plan("anthropic", Fault(kind="refuse", status=413))
    assert not await bench.step(run_id)
    run = await bench.run(run_id)
    assert run.status == "failed"
    assert {each.why for each in msgspec.convert(run.unscored, list[Unscored])} == {"refused"}
    await bench.is_sound(interview_id)


async def test_a_vendor_that_is_away_is_waited_for(bench: Bench) -> None:
    (run_id,) = await bench.begins(await bench.desk.holds())
    bench.vendor.faults.plan("anthropic", Fault(kind="refuse", status=529))
    with pytest.raises(Failure):
        await bench.step(run_id)
    assert (await bench.ends(run_id)).status == "completed"
    assert len(bench.vendor.batches.made) == 1


async def test_an_interview_that_is_deleted_meanwhile_does_not_keep_the_others(bench: Bench) -> None:
    ids = [await bench.desk.holds(answered("q1")) for _ in range(2)]
    gone, stays = await bench.begins(*ids)
    await bench.step(stays)
    async with bench.database.tenant(bench.tenant_id) as connection:
        assert await delete_softly(connection, ids[0], bench.desk.clock())
    assert (await bench.ends(stays)).status == "completed"
    assert (await bench.run(gone)).status == "failed"


async def test_an_interview_in_which_nobody_need_be_asked_about_anything_ends_without_a_batch(bench: Bench) -> None:
    interview_id = await bench.desk.holds(answered())
    (run_id,) = await bench.begins(interview_id)
    run = await bench.ends(run_id)
    assert (run.status, bench.vendor.batches.made) == ("completed", [])
    assert await bench.levels(run_id) == [None]
    await bench.is_sound(interview_id)


# --- three judges ----------------------------------------------------------------------------------------------------


async def with_three_judges(bench: Bench, *, report: bool = True) -> UUID:
    """An interview held by a plan of this person's that asks for three judges."""
    plan = msgspec.structs.replace(PLAN, judges=3)
    await bench.desk.holds()
    async with bench.database.tenant(bench.tenant_id) as connection:
        shared = await plan_by_slug(connection, PLAN.slug)
        body = msgspec.to_builtins(plan)
        new = NewPlan(
            slug=plan.slug,
            title=shared.title,
            interview_type=shared.interview_type,
            role_level=shared.role_level,
            difficulty_level=shared.difficulty_level,
            target_duration_minutes=shared.target_duration_minutes,
            hard_limit_minutes=shared.hard_limit_minutes,
            languages=shared.languages,
            body=body,
            content_hash=plans.content_hash(body),
            source="workshop",
        )
        await import_plan(connection, new, shared.rubric_id)
    return await bench.desk.holds(answered("q1"), report=report)


async def test_three_judges_are_asked_and_each_ones_verdict_is_kept(bench: Bench) -> None:
    interview_id = await with_three_judges(bench)
    (run_id,) = await bench.begins(interview_id)
    assert (await bench.ends(run_id)).status == "completed"
    assert len(bench.vendor.batches.made[0].custom_ids) == 3
    rows = [row for row in await bench.rows(run_id) if row.level is not None]
    assert len(rows) == 4
    assert len({row.lineage_id for row in rows}) == 4
    assert [row.judge.endswith(" panel") for row in rows].count(True) == 1
    await bench.is_sound(interview_id)


async def test_two_judges_decide_where_the_third_fails_twice(bench: Bench) -> None:
    interview_id = await with_three_judges(bench)
    (run_id,) = await bench.begins(interview_id)
    bench.vendor.batches.ends = ["errored", "", "", "expired"]
    run = await bench.ends(run_id)
    assert (run.status, run.attempt) == ("completed", 2)
    rows = [row for row in await bench.rows(run_id) if row.level is not None]
    assert len(rows) == 3
    assert all(row.needs_review for row in rows if row.judge.endswith(" panel"))
    await bench.is_sound(interview_id)


async def test_an_answer_whose_score_never_came_is_scored_beside_what_the_report_says(bench: Bench) -> None:
    interview_id = await bench.desk.holds(report=False)
    bench.desk.clock.forward(timedelta(hours=1))
    late = timedelta(minutes=2)
    assert await write_report(bench.database, bench.tenant_id, interview_id, bench.desk.clock, give_up_after=late)
    (run_id,) = await bench.begins(interview_id)
    assert (await bench.ends(run_id)).status == "completed"
    assert len([level for level in await bench.levels(run_id) if level]) == 2
    assert (await live_of(bench, interview_id))[1] == []
    await bench.is_sound(interview_id)


async def test_an_interview_that_cannot_be_read_ends_openly_and_keeps_nobody(bench: Bench) -> None:
    broken, sound = await bench.desk.holds(answered("q1")), await bench.desk.holds(answered("q1"))
    await bench.desk.damages(
        "update interview.events set payload = payload - 'text' where interview_id = $1 and type = 'turn.closed'",
        broken,
    )
    first, second = await bench.begins(broken, sound)
    assert (await bench.ends(second)).status == "completed"
    run = await bench.run(first)
    assert (run.status, run.unscored) == ("failed", [{"question_id": "*", "version": 0, "why": "log_unreadable"}])


async def test_three_judges_who_judged_live_are_sound_and_can_be_compared(bench: Bench) -> None:
    interview_id = await with_three_judges(bench, report=False)
    async with doorway(bench.database, bench.desk.person, accounts="anthropic") as live:
        await score_answers(
            bench.database,
            bench.tenant_id,
            interview_id,
            lambda tenant_id, _version: ModelScorer(live.door, tenant_id=tenant_id),
            bench.desk.clock,
        )
        await live.ledger.flush()
    await write_report(bench.database, bench.tenant_id, interview_id, bench.desk.clock)
    assert len([row for row in (await live_of(bench, interview_id))[1] if row.level is not None]) == 4
    (run_id,) = await bench.begins(interview_id)
    await bench.ends(run_id)
    await bench.is_sound(interview_id)
    async with bench.database.tenant(bench.tenant_id) as connection:
        pair = await pair_of(
            connection, await live_run_of(connection, interview_id), await scores.run(connection, run_id)
        )
    assert len(pair.before) == len(pair.after) == 2
    assert compare([pair]).agreement.exact == 1.0
