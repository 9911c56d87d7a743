"""Interviews scored once more, by another scorer or another version of one, beside their scores as they are.

A run over an interview is complete when every answer has a score in it. It never becomes the one that is shown: the
report stays what the log says. Judged by the same path as live, with a door that has answers instead of one that asks.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID, uuid5

import msgspec

from agents.answers import ClosedAnswer, answers_of
from agents.assessment import JUDGE, Sitting, judged, keep_response, sitting
from agents.attempts import estimate
from agents.briefing import SCORE
from agents.calls import Call, CallError
from agents.judges import judging
from agents.judges.panel import seated
from agents.pricing import Prices, Usage
from agents.providers.batches import PRICE_SHARE, request_bytes
from agents.rehearsal.scorer import RehearsalScorer
from agents.rescoring.batch_door import BatchDoor, Said
from agents.scoring import Answer, Score, Scorer, ScoringError
from storage import answers, lineage, scores
from storage.database import Connection, Database
from storage.lineage import LineageRecord

With = Literal["rehearsal", "model"]
TYPICAL_TOKENS = 400
"""Of a judge's answer; at most it has what the prompt allows."""


RESCORE_TASK = "rescore"
NOT_KEPT = "answer_not_kept"
"""No row of the answer is there to score."""
ALL = "*"
"""In place of a question's id: no answer could be scored."""


class Unscored(msgspec.Struct, frozen=True):
    """An answer that has no score in a run, and why: the code of an error, or how its call in a batch ended."""

    question_id: str
    version: int
    why: str


class LogUnreadable(ScoringError):
    """The interview's log or plan is not what this release can read."""

    code = "log_unreadable"


class Judged(msgspec.Struct, frozen=True):
    """What came of one answer: scores, or calls that nobody has answered yet, or why it has none."""

    answer: ClosedAnswer
    shown: Answer | None = None
    """As the scorer was given it."""
    scores: tuple[Score, ...] = ()
    wanted: Mapping[str, Call] = {}
    why: str = ""


class Work(msgspec.Struct, frozen=True):
    """What scoring one interview by a model would ask at first."""

    interview_id: UUID
    answers: int
    calls: int
    bytes: int
    tokens_in: int


class Estimate(msgspec.Struct, frozen=True):
    """What scoring these interviews by a model may cost, USD: about, and at most, where each call is asked twice."""

    interviews: int
    answers: int
    calls: int
    model: str
    usd: Decimal | None
    """None where the price file does not know the model."""
    usd_at_most: Decimal | None


def scorer_version(by: With) -> str:
    """The version of the scorer that this release scores by."""
    return judging.VERSION if by == "model" else RehearsalScorer.version


async def readable(connection: Connection, interview_id: UUID) -> Sitting:
    """Reads an interview in its tenant's transaction. Raises `NotFound`, and `ScoringError` where it cannot be read."""
    try:
        return await sitting(connection, interview_id)
    except (KeyError, ValueError) as broken:
        # What msgspec refuses is a ValueError.
        raise LogUnreadable from broken


async def judge_all(held: Sitting, tenant_id: UUID, said: Mapping[str, Said] | None) -> list[Judged]:
    """Every closed answer of an interview, judged by a model of whose answers these are there; by rules where None."""
    return [await _judge(held, tenant_id, answer, said) for answer in answers_of(held.log)]


async def _judge(held: Sitting, tenant_id: UUID, answer: ClosedAnswer, said: Mapping[str, Said] | None) -> Judged:
    door = BatchDoor(said or {})
    scorer: Scorer = RehearsalScorer()
    if said is not None:
        scorer = seated(judging.ModelScorer(door, tenant_id=tenant_id), held.plan.judges)
    try:
        shown, given = await judged(_answer(held, answer), scorer, held.names)
    except (CallError, ScoringError) as failed:
        return Judged(answer, wanted=door.wanted, why=failed.code)
    except KeyError:
        # A question or a competency that the pinned plan and rubric do not have.
        return Judged(answer, why=LogUnreadable.code)
    return Judged(answer, shown, tuple(given), door.wanted)


def _answer(held: Sitting, answer: ClosedAnswer) -> Answer:
    question = held.plan.question(answer.question_id)
    return Answer(
        interview_id=held.interview_id,
        question=question,
        competency=held.rubric.competency(question.competency),
        language=answer.language,
        version=answer.version,
        turns=answer.turns,
    )


async def judge_aside(held: Sitting, tenant_id: UUID, said: Mapping[str, Said] | None) -> list[Judged]:
    """As `judge_all`, in another thread: it reckons for a while, and whoever shares the event loop is not to wait."""
    return await asyncio.to_thread(asyncio.run, judge_all(held, tenant_id, said))


async def work_of(held: Sitting, tenant_id: UUID, model: str) -> Work:
    """What a model would be asked at first of an interview."""
    at_first = await judge_aside(held, tenant_id, {})
    calls = [call for each in at_first for call in each.wanted.values()]
    return Work(
        interview_id=held.interview_id,
        answers=len(at_first),
        calls=len(calls),
        bytes=sum(request_bytes(call, model) for call in calls),
        tokens_in=sum(map(estimate, calls)),
    )


def cost_of(work: Sequence[Work], model: str, prices: Prices) -> Estimate:
    """What so much work may cost in Anthropic's batches."""
    calls, tokens_in = sum(each.calls for each in work), sum(each.tokens_in for each in work)

    def usd(tokens_out: int, times: int) -> Decimal | None:
        alone = prices.of_tokens("anthropic", model, Usage(tokens_in=tokens_in, tokens_out=calls * tokens_out))
        return None if alone is None else alone * PRICE_SHARE * times

    return Estimate(
        interviews=len(work),
        answers=sum(each.answers for each in work),
        calls=calls,
        model=model,
        usd=usd(TYPICAL_TOKENS, 1),
        usd_at_most=usd(SCORE.max_tokens, 2),
    )


async def start_run(
    connection: Connection, interview_id: UUID, by: With, rescoring_id: UUID, at: datetime, model: str | None = None
) -> UUID:
    """Begin a run over an interview, in the caller's transaction. Returns its id."""
    return await scores.start_rescoring(
        connection,
        interview_id,
        scorer_version(by),
        at,
        model=model if by == "model" else None,
        prompt_version=SCORE.version if by == "model" else None,
        rescoring_id=rescoring_id,
    )


async def score_by_rules(database: Database, tenant_id: UUID, run_id: UUID, now: Callable[[], datetime]) -> None:
    """Does a run of the rehearsal scorer; done again it changes nothing. Raises `NotFound`."""
    async with database.tenant(tenant_id) as connection:
        run = await scores.run(connection, run_id)
        if run.status != "running":
            return
        try:
            held = await readable(connection, run.interview_id)
        except ScoringError as failed:
            await give_up(connection, run_id, failed.code, now())
            return
    judged_here = await judge_aside(held, tenant_id, None)
    async with database.tenant(tenant_id) as connection:
        await finish(connection, held, run_id, judged_here, scorer_version("rehearsal"), now())


async def give_up(connection: Connection, run_id: UUID, why: str, at: datetime) -> None:
    """Ends a run in which no answer could be scored."""
    await scores.finish_run(connection, run_id, "failed", at, [Unscored(ALL, 0, why)])


async def finish(
    connection: Connection, held: Sitting, run_id: UUID, came: Sequence[Judged], version: str, at: datetime
) -> None:
    """Keeps what came of a run and ends it: complete where every answer has a score, failed where one has none.

    One that has ended stays as it is.
    """
    if not await scores.is_running(connection, run_id):
        return
    places = await _places(connection, held)
    unscored = []
    for each in came:
        answer = each.answer
        place = places.get((answer.question_id, answer.version)) if each.scores else None
        if place is None:
            unscored.append(Unscored(answer.question_id, answer.version, each.why or NOT_KEPT))
            continue
        question_id, response_id = place
        given = [score for panel in each.scores for score in (panel, *panel.judges)]
        by_arithmetic = _lineage(held.interview_id, run_id, each, version, at)
        if any(score.lineage_id is None for score in given):
            # A model's calls are in the lineage as what came of the batch.
            await lineage.record(connection, by_arithmetic)
        await scores.save_scores(
            connection,
            run_id=run_id,
            interview_id=held.interview_id,
            response_id=response_id,
            question_id=question_id,
            scores=[_row(score, by_arithmetic.id) for score in given],
        )
    await scores.finish_run(connection, run_id, "failed" if unscored else "completed", at, unscored)


async def _places(connection: Connection, held: Sitting) -> dict[tuple[str, int], tuple[UUID, UUID]]:
    """The rows of each answer's question and of the answer; an answer that was never scored may have had none.

    One of which an earlier version was scored gets none here: that version would no longer be the one that is shown.
    """
    keys = {row.question_key: row.id for row in await answers.questions_of(connection, held.interview_id)}
    names = {row_id: key or "" for key, row_id in keys.items()}
    responses = await answers.responses_of(connection, held.interview_id, current_only=False)
    places = {(names[row.question_id], row.version): (row.question_id, row.id) for row in responses}
    scored = {question_id for question_id, _ in places}
    for answer in answers_of(held.log):
        question_id = keys.get(answer.question_id)
        if question_id is not None and answer.question_id not in scored:
            place = (question_id, await keep_response(connection, held.interview_id, question_id, answer))
            places[answer.question_id, answer.version] = place
    return places


def _row(score: Score, lineage_id: UUID) -> scores.NewScore:
    return scores.NewScore(
        competency=score.competency,
        level=score.level,
        judge=score.judge,
        null_reason=score.null_reason,
        anchor=score.anchor,
        evidence=score.evidence,
        key_points_covered=score.covered,
        missed_points=score.missed,
        suggested_improvement=score.suggestion,
        spread=score.spread,
        needs_review=score.needs_review,
        lineage_id=score.lineage_id or lineage_id,
    )


def _lineage(interview_id: UUID, run_id: UUID, came: Judged, version: str, at: datetime) -> LineageRecord:
    """What was put together or judged here, by arithmetic: no tokens, no cost."""
    act = f"rescore/{run_id}/{came.answer.question_id}/{came.answer.version}"
    return LineageRecord(
        id=uuid5(run_id, act),
        occurred_at=at,
        agent_type=JUDGE,
        tier="rehearsal" if version.startswith("rehearsal") else "balanced",
        provider="viva",
        model_name=version,
        prompt_template_id="",
        prompt_version="",
        prompt_hash="",
        input_hash=hashlib.sha256(msgspec.json.encode(came.shown)).hexdigest(),
        output_hash=hashlib.sha256(msgspec.json.encode(came.scores)).hexdigest(),
        latency_ms=0.0,
        entity_type="answer",
        request_id=act,
        price_version="",
        interview_id=interview_id,
    )
