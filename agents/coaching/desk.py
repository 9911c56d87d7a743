"""Coaching comes to be: the log is read, a model is asked, and what can be used is kept as a fact.

Run by the worker before the report is written, any number of times: the fact is named by the scores that it is about.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import structlog

from agents.assessment import sitting
from agents.calls import CallError
from agents.coaching.advice import answers_in, judged_seq, written_in
from agents.coaching.coach import Coach, Practice, practice_of
from agents.events import CoachingWritten, Event, InterviewCreated, ReportReady
from agents.log import append_side_fact
from agents.report import report_of, unscored
from storage.database import Database

log = structlog.get_logger(__name__)

ACTOR = "coach"
WITHIN_S = 25.0
"""How long a report waits for its coach: a worker's task has a minute for it and for the scores."""

Outcome = Literal["written", "none", "busy"]
Coaches = Callable[[UUID, str], Coach | None]
"""The coach for a tenant's interview that was begun with that version of a scorer; None where none writes."""

MOST_REMEMBERED = 1_000


class CoachingDesk:
    """Sees to it that a practice is coached, once for each set of scores, by at most one task of this process."""

    def __init__(self, coaches: Coaches, now: Callable[[], datetime], within_s: float = WITHIN_S) -> None:
        self._coaches = coaches
        self._within_s = within_s
        self._now = now
        self._busy: set[UUID] = set()
        self._without: dict[UUID, int] = {}
        """Practices of which nothing came, by the last score they had then."""

    async def write(self, database: Database, tenant_id: UUID, interview_id: UUID) -> Outcome:
        """Writes what a model has to say of a practice that is over and wholly scored.

        `busy` where another task of this process is at it: it will write the report. A model that fails, or is late,
        is no failure of the task: the report says it by arithmetic.
        """
        if interview_id in self._busy:
            return "busy"
        self._busy.add(interview_id)
        try:
            return await self._write(database, tenant_id, interview_id)
        finally:
            self._busy.discard(interview_id)

    async def _write(self, database: Database, tenant_id: UUID, interview_id: UUID) -> Outcome:
        async with database.tenant(tenant_id) as connection:
            held = await sitting(connection, interview_id)
        coach = self._coaches(tenant_id, held.scorer)
        created = held.log[0].payload
        if coach is None or not isinstance(created, InterviewCreated) or created.kind != "practice":
            return "none"
        if unscored(held.log) or _is_done(held.log):
            return "none"
        report = report_of(interview_id, held.plan, held.rubric, held.log)
        if report is None or report.overall is None:
            return "none"
        newest = judged_seq(held.log)
        if self._without.get(interview_id) == newest:
            return "none"
        answers = answers_in(interview_id, held.plan, held.rubric, held.log)
        fact = await self._asked(coach, practice_of(interview_id, report, answers, held.log))
        if fact is None:
            self._give_up(interview_id, newest)
            return "none"
        act = f"coaching/{fact.judged_seq}"
        async with database.tenant(tenant_id) as connection:
            await append_side_fact(connection, interview_id, fact, ACTOR, act, self._now(), held.at_ms)
        return "written"

    async def _asked(self, coach: Coach, practice: Practice) -> CoachingWritten | None:
        """What the coach writes; None where it fails, is late, or writes nothing that can be used."""
        try:
            async with asyncio.timeout(self._within_s):
                fact = await coach.write(practice)
        except (CallError, TimeoutError) as failure:
            log.warning("coaching.failed", entity_id=str(practice.interview_id), cause=type(failure).__name__)
            return None
        if fact is None:
            log.info("coaching.unusable", entity_id=str(practice.interview_id))
        return fact

    def _give_up(self, interview_id: UUID, newest: int) -> None:
        """Another task for the same practice, before its report is there, need not try in vain again."""
        self._without[interview_id] = newest
        if len(self._without) > MOST_REMEMBERED:
            del self._without[next(iter(self._without))]


def _is_done(log: Sequence[Event]) -> bool:
    """Whether these scores were coached, or have their report already: what failed once is not tried for ever."""
    judged = judged_seq(log)
    reported = (event.seq for event in log if isinstance(event.payload, ReportReady))
    return written_in(log) is not None or any(seq > judged for seq in reported)


def no_coach(_tenant_id: UUID, _scorer: str) -> Coach | None:
    """Nobody writes: every report says by arithmetic what there is to say."""
    return None
