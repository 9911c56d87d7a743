"""One run: many interviews at once on a site whose parts are killed under them."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import httpx
import msgspec

from agents.plans import Language
from benchmarks.chaos.balancer import Balancer
from benchmarks.chaos.judge import Judgement, Witness, judge, kept_log
from benchmarks.chaos.killing import Killed, Killer
from benchmarks.chaos.machine import Machine
from benchmarks.chaos.product import Site, site
from benchmarks.chaos.schedule import kills
from benchmarks.chaos.spoken import Speaking
from benchmarks.chaos.typed import Typing
from benchmarks.voice.clips import clips
from server.embedded import EmbeddedPostgres
from server.terminal.api import Api
from server.terminal.candidates import KINDS, cast
from storage.database import Database
from storage.events import EventRecord
from storage.roles import APPLICATION, MAINTENANCE

ONE_AFTER_ANOTHER_S = 0.1
SETTLED_AFTER_S = 2.0
"""How long after the last has come in the killing begins."""
ENDED_WITHIN_S = 150.0
REPORTED_WITHIN_S = 120.0
LOOK_EVERY_S = 0.5
LANGUAGES: tuple[Language, ...] = ("en", "es")
SERVINGS = 2


class Chaos(msgspec.Struct, frozen=True):
    """What is asked for."""

    seed: int
    typed: int
    voice: int
    kills: int


class Held(msgspec.Struct, frozen=True):
    """One interview, from both sides."""

    witness: Witness
    judgement: Judgement
    log: list[EventRecord]
    unanswered: list[str]
    """What the candidate sent and heard nothing of, by client_id."""
    errors: list[str]


class Ran(msgspec.Struct, frozen=True):
    """What came of a run."""

    asked: Chaos
    held: list[Held]
    killed: list[Killed]
    outages: list[tuple[float, float]]
    ended_alone: list[str]
    machine: str
    """A sentence on how busy it was."""
    seconds: float


async def run(folder: Path, chaos: Chaos) -> Ran:
    """Holds the interviews and kills what is on the list. Raises `SiteError`."""
    said = clips() if chaos.voice else {}
    postgres = EmbeddedPostgres(folder / "data")
    # Past the site's lines: nothing is wrong with them here, and they would take a part of the machine.
    env = {"DATABASE_URL": postgres.url(APPLICATION), "VIVA_MAINTENANCE_DATABASE_URL": postgres.url(MAINTENANCE)}
    serve = ("-m", "benchmarks.chaos.serving") if chaos.voice else ("-m", "server", "serve")
    async with site(folder, servings=SERVINGS, env=env, serve=serve) as stage:
        balancer = Balancer([serving.port for serving in stage.servings])
        await balancer.start()
        calm = asyncio.Event()
        sittings: list[Typing | Speaking] = []
        killer = Killer(stage, lambda number: balancer.upstream_of(sittings[number].port or 0))
        async with (
            killer.tending(),
            Api(balancer.url) as api,
            httpx.AsyncClient(base_url=balancer.url, trust_env=False, timeout=30) as http,
        ):
            plans = [plan.slug for plan in await api.plans()]
            sittings += [
                Typing(number, api, candidate, plans[number % len(plans)], tell=killer.tell, calm=calm)
                for number, candidate in enumerate(cast(chaos.typed, KINDS, LANGUAGES, chaos.seed))
            ]
            sittings += [
                Speaking(number, http, said, seed=chaos.seed, tell=killer.tell, calm=calm)
                for number in range(chaos.typed, chaos.typed + chaos.voice)
            ]
            began, machine = time.monotonic(), Machine()
            await _hold(sittings, killer, chaos, calm)
            seconds, busy = time.monotonic() - began, machine.words
            held = await _judged(stage, sittings)
        await balancer.stop()
    killed = killer.killed
    return Ran(chaos, held, killed, killer.standing.outages, killer.ended_alone, busy, seconds)


async def _hold(sittings: Sequence[Typing | Speaking], killer: Killer, chaos: Chaos, calm: asyncio.Event) -> None:
    """All interviews, from the first greeting to the last goodbye, with the killing in between."""
    holding: list[asyncio.Task[None]] = []
    try:
        for sitting in sittings:
            await sitting.open()
            holding.append(asyncio.create_task(sitting.hold()))
            await asyncio.sleep(ONE_AFTER_ANOTHER_S)
        await asyncio.sleep(SETTLED_AFTER_S)
        await killer.carry_out(kills(chaos.seed, chaos.kills, len(sittings)))
        calm.set()
        await asyncio.wait(holding, timeout=ENDED_WITHIN_S)
    finally:
        for task in holding:
            task.cancel()
        ended = await asyncio.gather(*holding, return_exceptions=True)
    for sitting, result in zip(sittings, ended, strict=True):
        if isinstance(result, BaseException):
            sitting.errors.append(f"did not come to its end: {type(result).__name__}")


async def _judged(stage: Site, sittings: Sequence[Typing | Speaking]) -> list[Held]:
    """Every interview against its log, once the reports have been written or are given up."""
    database = await Database.open(stage.database_url(APPLICATION), stage.database_url(MAINTENANCE), min_size=1)
    try:
        opened = [(sitting, sitting.interview_id) for sitting in sittings if sitting.interview_id is not None]
        logs = await _reported(database, [interview_id for _, interview_id in opened])
    finally:
        await database.close()
    return [_held(sitting, interview_id, logs[interview_id]) for sitting, interview_id in opened]


def _held(sitting: Typing | Speaking, interview_id: UUID, log: list[EventRecord]) -> Held:
    return Held(sitting.witness, judge(interview_id, log, [sitting.witness]), log, sitting.unanswered, sitting.errors)


async def _reported(database: Database, interview_ids: Sequence[UUID]) -> dict[UUID, list[EventRecord]]:
    """The logs, each with its report where that comes in time."""
    until = time.monotonic() + REPORTED_WITHIN_S
    logs: dict[UUID, list[EventRecord]] = {}
    while True:
        for interview_id in interview_ids:
            if not _is_whole(logs.get(interview_id, [])):
                logs[interview_id] = await kept_log(database, interview_id)
        if all(map(_is_whole, logs.values())) or time.monotonic() > until:
            return logs
        await asyncio.sleep(LOOK_EVERY_S)


def _is_whole(log: Sequence[EventRecord]) -> bool:
    """Whether nothing more is to come: the report is there, or it goes on and there will be none."""
    kinds = {event.type for event in log}
    return "report.ready" in kinds or (bool(log) and "interview.ended" not in kinds)
