"""Many scripted candidates at once against a running server, and what became of them as JSON lines."""

import asyncio
import sys
from collections.abc import Sequence
from typing import TextIO

import msgspec

from agents.plans import Language
from server.terminal.api import Api
from server.terminal.candidates import KINDS, Candidate, CandidateKind, cast
from server.terminal.errors import TerminalError
from server.terminal.judging import judge
from server.terminal.playing import Pace, Played, play
from server.terminal.timing import percentile, rounded

JUDGED_WITHIN_S = 120.0


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One interview that went wrong, and why."""

    failed: str
    """Its id; empty where it was never opened."""
    candidate: str
    language: str
    plan: str
    why: list[str]


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Totals over all interviews; times in ms from a message sent to the first words of the reply."""

    interviews: int
    completed: int
    core_questions: int
    core_counted: int
    skipped: int
    answers: int
    scored: int
    null: int
    unscored: int
    errors: int
    turns: int
    turn_p50_ms: float | None
    turn_p95_ms: float | None


async def simulate(
    url: str,
    interviews: int = 50,
    *,
    concurrency: int = 50,
    pace_s: float = 0.0,
    seed: int = 1,
    plans: Sequence[str] = (),
    languages: Sequence[Language] = ("en", "es"),
    kinds: Sequence[CandidateKind] = KINDS,
    judged_within_s: float = JUDGED_WITHIN_S,
    out: TextIO | None = None,
) -> int:
    """Hold the interviews, print a line for each that failed and the summary last; the exit status is 1 where
    any did not complete, met an error, or has an answer without a score.

    `pace_s` is how long a candidate thinks before each message. Without `plans` all on offer are taken in turn.
    """
    out = out or sys.stdout
    async with Api(url) as api:
        try:
            offered = [plan.slug for plan in await api.plans()]
        except TerminalError as error:
            _line(out, {"error": str(error)})
            return 1
        chosen = list(plans) or offered
        missing = [plan for plan in chosen if plan not in offered]
        if missing or not chosen:
            sentence = f"There is no plan `{', '.join(missing)}` here. On offer: {', '.join(offered) or 'none'}."
            _line(out, {"error": sentence})
            return 1
        candidates = cast(interviews, tuple(kinds), tuple(languages), seed)
        played = await _play_all(
            api, candidates, chosen, concurrency=concurrency, pace_s=pace_s, judged_within_s=judged_within_s
        )
    for one in played:
        if one.faults:
            _line(out, _failure(one))
    _line(out, summary(played))
    return 1 if any(one.faults for one in played) else 0


def summary(played: Sequence[Played]) -> Summary:
    """The totals."""
    times = [turn.ms for one in played for turn in one.turns]
    return Summary(
        interviews=len(played),
        completed=sum(one.is_completed for one in played),
        core_questions=sum(one.core for one in played),
        core_counted=sum(one.counted for one in played),
        skipped=sum(one.skipped for one in played),
        answers=sum(one.answers for one in played),
        scored=sum(one.scored for one in played),
        null=sum(one.null for one in played),
        unscored=sum(one.unscored for one in played),
        errors=sum(len(one.errors) for one in played),
        turns=len(times),
        turn_p50_ms=rounded(percentile(times, 0.50)),
        turn_p95_ms=rounded(percentile(times, 0.95)),
    )


async def _play_all(
    api: Api,
    candidates: Sequence[Candidate],
    plans: Sequence[str],
    *,
    concurrency: int,
    pace_s: float,
    judged_within_s: float,
) -> list[Played]:
    room = asyncio.Semaphore(max(1, concurrency))
    pace: Pace | None = (lambda: asyncio.sleep(pace_s)) if pace_s > 0 else None

    async def one(number: int, candidate: Candidate) -> Played:
        # Moved on by one each time all candidates had their turn, so that each meets every plan.
        plan = plans[(number + number // 12) % len(plans)]
        async with room:
            played = await play(api, candidate, plan, pace=pace)
        await judge(api, played, within_s=judged_within_s)
        return played

    return list(await asyncio.gather(*(one(i, candidate) for i, candidate in enumerate(candidates))))


def _failure(one: Played) -> Failure:
    return Failure(
        failed=str(one.interview_id or ""),
        candidate=one.kind,
        language=one.language,
        plan=one.plan,
        why=one.faults,
    )


def _line(out: TextIO, document: object) -> None:
    out.write(msgspec.json.encode(document).decode() + "\n")
    out.flush()
