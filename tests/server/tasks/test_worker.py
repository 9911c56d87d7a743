"""A real worker on the queue of the test's database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Literal
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from agents.assessment import write_report
from agents.calls import Unavailable
from agents.coaching.coach import Coach
from agents.coaching.desk import Coaches, no_coach
from agents.events import ReportReady, ScoreGiven
from agents.library import load_library
from agents.log import REPORT_TASK, SCORE_TASK
from agents.rehearsal.scorer import RehearsalScorer
from agents.scoring import Answer, Score
from server.services import import_library
from server.settings import Settings
from server.tasks.worker import MOST_ATTEMPTS, SCORES_WITHIN, Worker
from storage import answers, interviews, queue, reports, scores
from storage.cache import Cache
from storage.database import Database
from storage.queue import Job
from tests.agents.coaching.test_desk import written
from tests.agents.doors import ScriptedDoor
from tests.agents.kept import keep, log_of
from tests.agents.rehearsal.answers import GOOD
from tests.agents.sitting import PLAN, Sitting
from tests.conftest import DatabaseUrls, Person
from tests.server.live.house import HeldWriter, open_house
from tests.server.serving import Clock, make_services

WITHIN_S = 60.0


class WatchedScorer:
    """The rehearsal scorer, which fails `failures` times first and can be held before it scores."""

    version = RehearsalScorer.version
    kind: Literal["rehearsal", "model"] = "rehearsal"

    def __init__(self, failures: float = 0) -> None:
        self.calls: list[tuple[UUID, str, int]] = []
        self.failures = failures
        self.hold: Callable[[], Awaitable[object]] | None = None

    async def score(self, answer: Answer) -> tuple[Score, ...]:
        self.calls.append((answer.interview_id, answer.question.id, answer.version))
        if self.hold is not None:
            await self.hold()
        if self.failures > 0:
            self.failures -= 1
            message = "the scorer is out of order"
            raise RuntimeError(message)
        return await RehearsalScorer().score(answer)


class Shop:
    """A worker's surroundings: one person's interviews, the clock, the scorer."""

    def __init__(self, database: Database, urls: DatabaseUrls, person: Person, cache: Cache) -> None:
        self.database = database
        self.person = person
        self.cache = cache
        self.clock = Clock()
        self.scorer = WatchedScorer()
        self.coaches: Coaches = no_coach
        self._maintenance_url = urls.maintenance

    @property
    def worker(self) -> Worker:
        return Worker(
            database=self.database,
            cache=self.cache,
            scorers=lambda _tenant, _version: self.scorer,
            coaches=self.coaches,
            settings=Settings(),
            maintenance_url=self._maintenance_url,
            now=self.clock,
        )

    @asynccontextmanager
    async def works(self) -> AsyncIterator[asyncio.Event]:
        """A worker that runs meanwhile; the event stops it."""
        stop = asyncio.Event()
        running = asyncio.create_task(self.worker.run(stop))
        try:
            yield stop
        finally:
            stop.set()
            async with asyncio.timeout(WITHIN_S):
                await running

    async def keeps(self, sitting: Sitting) -> UUID:
        return await keep(self.database, self.person, sitting, self.clock)

    async def puts(self, task: str, interview_id: UUID) -> None:
        async with self.database.tenant(self.person.tenant_id) as connection:
            await queue.enqueue(connection, task, self.job(interview_id))

    def job(self, interview_id: UUID) -> Job:
        return Job(self.person.tenant_id, interview_id)

    async def scored(self, interview_id: UUID) -> list[ScoreGiven]:
        log = await log_of(self.database, self.person, interview_id)
        return [event.payload for event in log if isinstance(event.payload, ScoreGiven)]

    async def reported(self, interview_id: UUID) -> list[ReportReady]:
        log = await log_of(self.database, self.person, interview_id)
        return [event.payload for event in log if isinstance(event.payload, ReportReady)]

    async def done(self) -> None:
        """Waits until nothing waits or runs."""

        async def is_empty() -> bool:
            async with self.database.untenanted() as connection:
                return not await queue.waiting(connection)

        await until(is_empty)

    async def attempts(self, task: str, interview_id: UUID) -> tuple[int, str | None, bool] | None:
        """(runs without a success, the last error, whether it was given up) of a task."""
        async with self.database.tenant(self.person.tenant_id) as connection:
            row = await connection.fetchrow(
                "select attempts, last_error, parked_at is not null from integration.task_attempts"
                " where task = $1 and entity_id = $2",
                task,
                interview_id,
            )
        return tuple(row) if row is not None else None


async def until(holds: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not await holds():  # noqa: ASYNC110 - a database has no event to wait for
            await asyncio.sleep(0.02)


@pytest.fixture
async def shop(database: Database, database_urls: DatabaseUrls, tenant: Person, redis_cache: Cache) -> Shop:
    await import_library(database, load_library())
    async with database.maintenance() as connection:
        # What other tests left on the queue would only take this one's time.
        await connection.execute("delete from pgqueuer")
    return Shop(database, database_urls, tenant, redis_cache)


def answered(*question_ids: str, ends: bool = False) -> Sitting:
    """A sitting in which these questions, the first ones of the plan, were answered well and closed."""
    sitting = Sitting()
    sitting.reaches("q1")
    for question_id in question_ids:
        assert sitting.state.open == question_id
        sitting.says(GOOD[PLAN.slug, question_id, "en"])
        sitting.replies("next")
    if ends:
        sitting.presses("skip")
        sitting.presses("end")
        sitting.replies()
        assert sitting.ended() == "stopped"
    return sitting


async def test_a_closed_answer_is_scored_with_its_rows_and_lineage(shop: Shop) -> None:
    interview_id = await shop.keeps(answered("q1", "q2"))
    async with shop.works():
        await shop.done()
    given = await shop.scored(interview_id)
    assert {(fact.question_id, fact.version, fact.level is None) for fact in given} == {
        ("q1", 1, False),
        ("q2", 1, False),
    }
    async with shop.database.tenant(shop.person.tenant_id) as connection:
        responses = await answers.responses_of(connection, interview_id)
        rows = await scores.scores_of(connection, interview_id)
        (run,) = await scores.runs_of(connection, interview_id)
        lineage = await connection.fetchval(
            "select count(*) from compliance.model_lineage where interview_id = $1", interview_id
        )
    assert [response.response_text for response in responses] == [GOOD[PLAN.slug, q, "en"] for q in ("q1", "q2")]
    assert [row.level for row in rows] == [fact.level for fact in sorted(given, key=lambda fact: fact.question_id)]
    assert {row.run_id for row in rows} == {run.id} == {fact.run_id for fact in given}
    assert lineage == 2
    assert await shop.attempts(SCORE_TASK, interview_id) is None
    assert await shop.reported(interview_id) == []


async def test_a_practice_is_coached_once_and_then_reported_once_however_many_tasks_there_are(shop: Shop) -> None:
    door = ScriptedDoor(written)
    shop.coaches = lambda tenant_id, _version: Coach(door, tenant_id=tenant_id)
    interview_id = await shop.keeps(answered("q1", "q2", ends=True))
    await shop.puts(SCORE_TASK, interview_id)
    await shop.puts(REPORT_TASK, interview_id)
    async with shop.works():
        await shop.done()
    types = [event.type for event in await log_of(shop.database, shop.person, interview_id)]
    assert types[-2:] == ["coaching.written", "report.ready"]
    assert (types.count("coaching.written"), types.count("report.ready")) == (1, 1)
    assert sum(len(call.messages) == 1 for call in door.calls) == 1
    async with shop.database.tenant(shop.person.tenant_id) as connection:
        kept = await reports.report(connection, interview_id)
    assert kept is not None
    assert kept.body["coaching"]["moment"]["by"] == "model"


async def test_a_coach_that_cannot_be_had_delays_no_report(shop: Shop) -> None:
    door = ScriptedDoor(lambda _call: [Unavailable("none")])
    shop.coaches = lambda tenant_id, _version: Coach(door, tenant_id=tenant_id)
    interview_id = await shop.keeps(answered("q1", ends=True))
    async with shop.works():
        await shop.done()
    assert len(await shop.reported(interview_id)) == 1
    assert len(door.calls) == 1
    assert await shop.attempts(REPORT_TASK, interview_id) is None


async def test_a_task_that_runs_twice_at_once_and_again_gives_one_score(shop: Shop) -> None:
    interview_id = await shop.keeps(answered("q1"))
    await shop.puts(SCORE_TASK, interview_id)
    both = asyncio.Barrier(2)
    shop.scorer.hold = both.wait
    async with shop.works():
        await shop.done()
        assert shop.scorer.calls == [(interview_id, "q1", 1)] * 2
        await shop.puts(SCORE_TASK, interview_id)
        await shop.done()
    assert len(shop.scorer.calls) == 2
    assert len(await shop.scored(interview_id)) == 1
    async with shop.database.tenant(shop.person.tenant_id) as connection:
        assert len(await answers.responses_of(connection, interview_id, current_only=False)) == 1
        assert len(await scores.scores_of(connection, interview_id)) == 1


async def test_an_answer_that_was_added_to_is_scored_again_as_its_next_version(shop: Shop) -> None:
    sitting = answered("q1")
    interview_id = await shop.keeps(sitting)
    async with shop.works():
        await shop.done()
        first = await shop.scored(interview_id)
        sitting.says("And we saved forty hours a month by it.", "q1")
        longer = await shop.keeps(sitting)
        await shop.done()
    assert [fact.version for fact in first] == [1]
    assert [(fact.question_id, fact.version) for fact in await shop.scored(longer)] == [("q1", 2)]
    async with shop.database.tenant(shop.person.tenant_id) as connection:
        (current,) = await answers.responses_of(connection, longer)
    assert current.version == 2
    assert current.response_text.endswith("forty hours a month by it.")


async def test_the_report_is_written_once_when_every_answer_is_scored(shop: Shop) -> None:
    interview_id = await shop.keeps(answered("q1", "q2", ends=True))
    await shop.puts(REPORT_TASK, interview_id)
    async with shop.works():
        await shop.done()
    (ready,) = await shop.reported(interview_id)
    async with shop.database.tenant(shop.person.tenant_id) as connection:
        report = await reports.report(connection, interview_id)
        row = await interviews.interview(connection, interview_id)
        (run,) = await scores.runs_of(connection, interview_id)
    assert report is not None
    assert ready.overall_score == report.body["overall"]["score"] == row.overall_score
    assert [q["level"] is not None for q in report.body["questions"]][:2] == [True, True]
    assert (row.status, run.status) == ("completed", "completed")


async def test_a_report_does_not_wait_for_ever_for_a_score(shop: Shop) -> None:
    shop.scorer.failures = float("inf")
    interview_id = await shop.keeps(answered("q1", ends=True))
    tenant_id = shop.person.tenant_id
    shop.clock.forward(SCORES_WITHIN - timedelta(milliseconds=1))
    assert (await write_report(shop.database, tenant_id, interview_id, shop.clock, give_up_after=SCORES_WITHIN)) is None
    assert await shop.scored(interview_id) == []
    shop.clock.forward(timedelta(milliseconds=1))
    async with shop.works():
        await until(lambda: shop.reported(interview_id))
    given = [(fact.question_id, fact.level, fact.null_reason) for fact in await shop.scored(interview_id)]
    assert given == [("q1", None, "timed_out"), ("q2", None, "timed_out")]
    (ready,) = await shop.reported(interview_id)
    assert ready.overall_score is None


async def test_a_scorer_that_fails_is_asked_again_later(shop: Shop) -> None:
    shop.scorer.failures = 1
    interview_id = await shop.keeps(answered("q1"))
    async with shop.works():
        await until(lambda: shop.attempts(SCORE_TASK, interview_id))
        await shop.done()
    assert shop.scorer.calls == [(interview_id, "q1", 1)] * 2
    assert len(await shop.scored(interview_id)) == 1
    assert await shop.attempts(SCORE_TASK, interview_id) is None


async def test_a_failure_is_kept_by_its_kind_alone(shop: Shop) -> None:
    shop.scorer.failures = float("inf")
    interview_id = await shop.keeps(answered("q1"))

    async def noted() -> bool:
        found = await shop.attempts(SCORE_TASK, interview_id)
        return found is not None and found[1] is not None

    async with shop.works():
        await until(noted)
    found = await shop.attempts(SCORE_TASK, interview_id)
    assert found is not None
    assert (found[1], found[2]) == ("RuntimeError", False)
    async with shop.database.untenanted() as connection:
        assert (await queue.waiting(connection))[SCORE_TASK] == 1


async def test_a_task_that_never_succeeds_is_parked_and_not_run_again(shop: Shop) -> None:
    interview_id = await shop.keeps(answered("q1"))
    for _ in range(MOST_ATTEMPTS):
        async with shop.database.tenant(shop.person.tenant_id) as connection:
            await queue.count_attempt(connection, SCORE_TASK, shop.job(interview_id))
    async with shop.works():
        await shop.done()
        found = await shop.attempts(SCORE_TASK, interview_id)
        assert found is not None
        assert found[1:] == ("too many attempts", True)
        await shop.puts(SCORE_TASK, interview_id)
        await shop.done()
    assert shop.scorer.calls == []
    assert await shop.scored(interview_id) == []


async def test_a_worker_that_stops_finishes_what_it_has_begun(shop: Shop) -> None:
    interview_id = await shop.keeps(answered("q1"))
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        begun.set()
        await go_on.wait()

    shop.scorer.hold = hold
    async with shop.works() as stop:
        async with asyncio.timeout(WITHIN_S):
            await begun.wait()
        stop.set()
        go_on.set()
    assert len(await shop.scored(interview_id)) == 1


async def test_a_worker_without_its_queue_says_so_and_waits_until_it_is_stopped(shop: Shop) -> None:
    lost = Worker(
        database=shop.database,
        cache=None,
        scorers=lambda _tenant, _version: shop.scorer,
        settings=Settings(),
        maintenance_url="postgresql://viva_maintenance@127.0.0.1:1/viva",
        now=shop.clock,
    )
    stop = asyncio.Event()
    with capture_logs() as said:
        working = asyncio.create_task(lost.run(stop))
        async with asyncio.timeout(10):
            while not any(line["event"] == "worker.waits" for line in said):  # noqa: ASYNC110 - nothing else tells
                await asyncio.sleep(0.01)
        assert not working.done()
        stop.set()
        await working


async def test_a_candidate_sees_the_level_and_the_report_as_they_come(shop: Shop, tmp_path: Path) -> None:
    services = await make_services(shop.database, shop.person, tmp_path, cache=shop.cache, now=shop.clock)
    async with open_house(services, shop.clock, HeldWriter()) as house, shop.works():
        interview_id, candidate = await house.begins()
        await candidate.say(GOOD[PLAN.slug, "q1", "en"])
        await candidate.floor()
        while candidate.number == 1:
            await candidate.press("skip")
            await candidate.floor()
        given = candidate.told("score.given") or [await candidate.fact("score.given")]
        assert given[0].event["question_id"] == "q1"
        assert given[0].event["level"] is not None
        assert given[0].actor == "scorer"
        await candidate.press("end")
        assert await candidate.closed() == 1000
        assert len(candidate.told("report.ready")) == 1
        assert [event.seq for event in await house.log(interview_id)][-1] == candidate.last_seq
