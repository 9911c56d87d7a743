"""Scores and reports come to be: the log is read, judged, and what was judged is kept beside it.

Run by the worker, any number of times: each act is named by what it is about, so that doing it again changes nothing.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

import msgspec
import structlog

from agents import report as reporting
from agents.answers import ClosedAnswer, answers_of, scored_versions, transcript_of
from agents.events import Event, InterviewCreated, InterviewEnded, ReportReady, ScoreGiven
from agents.judges.panel import seated
from agents.judges.preparing import prepared
from agents.log import append_side_fact, from_record
from agents.plans import Plan, Question, Rubric
from agents.report import Report
from agents.scoring import Answer, Score, Scorer, refuse_incomplete, refuse_unfounded, rubric_of
from agents.state import fold
from storage import answers, events, identity, interviews, lineage, plans, reports, scores
from storage.database import Connection, Database
from storage.lineage import LineageRecord

log = structlog.get_logger(__name__)

JUDGE = "scorer"

Scorers = Callable[[UUID, str], Scorer]
"""The scorer for a tenant's interview that was begun with that version of one."""


class Sitting(msgspec.Struct, frozen=True):
    """One interview as the worker reads it: what it was held by, and its log so far."""

    interview_id: UUID
    plan: Plan
    rubric: Rubric
    log: tuple[Event, ...]
    names: tuple[str, ...] = ()
    """What the candidate is called, for keeping it from whoever scores."""

    @property
    def at_ms(self) -> int:
        """Interview time of the last fact, ms."""
        return self.log[-1].at_ms

    @property
    def scorer(self) -> str:
        """The version of the scorer that the interview was begun with."""
        created = self.log[0].payload
        return created.versions.get("scorer", "") if isinstance(created, InterviewCreated) else ""

    @property
    def difficulty(self) -> str:
        return self.plan.difficulty_level


async def sitting(connection: Connection, interview_id: UUID) -> Sitting:
    """Reads an interview in its tenant's transaction. Raises `NotFound` and `RubricIncomplete`."""
    row = await interviews.interview(connection, interview_id)
    version = await plans.plan_version(connection, row.plan_version_id)
    records = await events.events_after(connection, interview_id)
    return Sitting(
        interview_id=interview_id,
        plan=msgspec.convert(version.body, Plan),
        rubric=rubric_of(version.rubric_body),
        log=tuple(from_record(record) for record in records),
        names=await identity.names_of(connection, row.user_id),
    )


async def score_answers(
    database: Database, tenant_id: UUID, interview_id: UUID, scorers: Scorers, now: Callable[[], datetime]
) -> int | None:
    """Scores every closed answer that has no score yet. Returns the last score's `seq`, None where none was due.

    Raises what the scorer raises, and `RubricIncomplete`: the task runs again, and no level is made up.
    """
    async with database.tenant(tenant_id) as connection:
        held = await sitting(connection, interview_id)
    scorer = seated(scorers(tenant_id, held.scorer), held.plan.judges)
    scored = scored_versions(held.log)
    last_seq = None
    for answer in answers_of(held.log):
        if scored.get(answer.question_id, 0) >= answer.version:
            continue
        began = time.perf_counter()
        shown, given = await judged(_answer(held, answer), scorer, held.names)
        took_ms = (time.perf_counter() - began) * 1000
        async with database.tenant(tenant_id) as connection:
            call = _lineage(held, answer, shown, given, scorer, took_ms, now())
            last_seq = await _keep_scores(connection, held, answer, given, scorer, call, now()) or last_seq
    return last_seq


async def judged(answer: Answer, scorer: Scorer, names: Sequence[str] = ()) -> tuple[Answer, list[Score]]:
    """The answer as the scorer was given it, without what tells who speaks and what was not heard surely; and its
    scores in terms of what was really said.
    """
    refuse_incomplete(answer)
    ready = prepared(answer, names=names)
    without = ready.settled(scorer.version)
    given = (without,) if without is not None else await scorer.score(ready.answer)
    return ready.answer, [refuse_unfounded(ready.restored(score), answer) for score in given]


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


async def _keep_scores(
    connection: Connection,
    held: Sitting,
    answer: ClosedAnswer,
    given: Sequence[Score],
    scorer: Scorer,
    call: LineageRecord,
    at: datetime,
) -> int | None:
    question = held.plan.question(answer.question_id)
    question_id = await _keep_question(connection, held, question, answer.closed_seq)
    response_id = await keep_response(connection, held.interview_id, question_id, answer)
    if any(score.lineage_id is None for score in given):
        # A model's calls are in the lineage by the door they went through; what a panel makes of them is arithmetic.
        await lineage.record(connection, call)
    run_id = await scores.live_run(connection, held.interview_id, scorer.version, at)
    await scores.save_scores(
        connection,
        run_id=run_id,
        interview_id=held.interview_id,
        response_id=response_id,
        question_id=question_id,
        scores=[_row(each, call.id) for score in given for each in (score, *score.judges)],
    )
    levels = [score.level for score in given if score.level is not None]
    mean = sum(levels) / len(levels) if levels else None
    await answers.set_response_score(connection, response_id, None if mean is None else (mean - 1) * 25)
    last_seq = None
    for score in given:
        fact = ScoreGiven(
            question_id=answer.question_id,
            version=answer.version,
            run_id=run_id,
            competency=score.competency,
            scorer=score.judge,
            level=score.level,
            null_reason=score.null_reason,
            anchor=score.anchor,
            evidence=score.evidence,
            covered=score.covered,
            missed=score.missed,
            suggestion=score.suggestion,
            parts=score.parts,
            spread=score.spread,
            needs_review=score.needs_review,
        )
        act = f"score/{run_id}/{answer.question_id}/{answer.version}/{score.competency}"
        seq = await append_side_fact(connection, held.interview_id, fact, JUDGE, act, at, answer.to_ms)
        last_seq = seq or last_seq
    return last_seq


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


async def _keep_question(connection: Connection, held: Sitting, question: Question, closed_seq: int) -> UUID:
    state = fold(held.log)
    numbers = [asked.id for asked in state.questions]
    asked_seq = next(
        (event.seq for event in held.log if getattr(event.payload, "question_id", None) == question.id), None
    )
    return await answers.upsert_question(
        connection,
        answers.Question(
            interview_id=held.interview_id,
            sequence_number=1 + numbers.index(question.id),
            question_key=question.id,
            question_text=question.text[state.language],
            question_type=question.type,
            category=question.competency,
            difficulty_level=held.difficulty,
            expected_answer_points=[point.text[state.language] for point in question.points],
            asked_seq=asked_seq,
            closed_seq=closed_seq,
        ),
    )


async def keep_response(connection: Connection, interview_id: UUID, question_id: UUID, answer: ClosedAnswer) -> UUID:
    """Keeps an answer's own row; keeping it again overwrites it in place. Returns its id."""
    return await answers.upsert_response(
        connection,
        answers.Response(
            interview_id=interview_id,
            question_id=question_id,
            version=answer.version,
            response_text=answer.text,
            language=answer.language,
            word_count=answer.word_count,
            response_duration_seconds=(answer.to_ms - answer.from_ms) / 1000,
            closed_seq=answer.closed_seq,
            spans=[{"seq": turn.seq, "probe_id": turn.probe_id} for turn in answer.turns],
            probes_used=len(answer.probes),
        ),
    )


def _lineage(
    held: Sitting,
    answer: ClosedAnswer,
    judged: Answer,
    given: Sequence[Score],
    scorer: Scorer,
    took_ms: float,
    at: datetime,
) -> LineageRecord:
    """Which scorer judged what, by hashes alone. The rehearsal scorer is arithmetic: no tokens, no cost."""
    act = f"{scorer.version}/{answer.question_id}/{answer.version}"
    return LineageRecord(
        id=uuid5(held.interview_id, act),
        occurred_at=at,
        agent_type=JUDGE,
        tier="rehearsal" if scorer.kind == "rehearsal" else "balanced",
        provider="viva",
        model_name=scorer.version,
        prompt_template_id="",
        prompt_version="",
        prompt_hash="",
        input_hash=hashlib.sha256(msgspec.json.encode(judged)).hexdigest(),
        output_hash=hashlib.sha256(msgspec.json.encode(given)).hexdigest(),
        latency_ms=took_ms,
        entity_type="answer",
        request_id=act,
        price_version="",
        cost_usd=Decimal(0),
        interview_id=held.interview_id,
    )


async def write_report(
    database: Database,
    tenant_id: UUID,
    interview_id: UUID,
    now: Callable[[], datetime],
    *,
    give_up_after: timedelta | None = None,
) -> int | None:
    """Writes the report once the interview has ended and every answer is scored.

    What has no score `give_up_after` the end is reported as timed out. Returns the `seq` of `report.ready`, 0 where
    that was written before, None while something is still to come.
    """
    async with database.tenant(tenant_id) as connection:
        held = await sitting(connection, interview_id)
        ending = next((event for event in held.log if isinstance(event.payload, InterviewEnded)), None)
        if ending is None:
            return None
        missing = reporting.unscored(held.log)
        if missing and (give_up_after is None or now() < ending.at + give_up_after):
            return None
        if missing:
            await _time_out(connection, held, missing, now())
            held = await sitting(connection, interview_id)
        report = reporting.report_of(interview_id, held.plan, held.rubric, held.log)
        if report is None:
            return None
        await _keep_report(connection, held, report, now())
        fact = ReportReady(overall_score=report.overall.score if report.overall else None)
        act = f"report/{report.last_seq}"
        return await append_side_fact(connection, interview_id, fact, JUDGE, act, now(), held.at_ms) or 0


async def _time_out(connection: Connection, held: Sitting, missing: Sequence[str], at: datetime) -> None:
    """No score came in time: said openly, as a score without a level."""
    scorer = held.scorer
    run_id = await scores.live_run(connection, held.interview_id, scorer, at)
    for answer in answers_of(held.log):
        if answer.question_id not in missing:
            continue
        fact = ScoreGiven(
            question_id=answer.question_id,
            version=answer.version,
            run_id=run_id,
            competency=held.plan.question(answer.question_id).competency,
            scorer=scorer,
            level=None,
            null_reason="timed_out",
        )
        act = f"timed-out/{answer.question_id}/{answer.version}"
        await append_side_fact(connection, held.interview_id, fact, JUDGE, act, at, answer.to_ms)


async def _keep_report(connection: Connection, held: Sitting, report: Report, at: datetime) -> None:
    interview_id = held.interview_id
    closed = {answer.question_id: answer.closed_seq for answer in answers_of(held.log)}
    ids = {
        question_id: await _keep_question(connection, held, held.plan.question(question_id), seq)
        for question_id, seq in closed.items()
    }
    segments = transcript_of(held.log)
    words = sum(len(segment.text.split()) for segment in segments)
    transcript = reports.Transcript(interview_id, segments, report.language, words, report.last_seq)
    await reports.save_transcript(connection, transcript)
    await reports.save_feedback(
        connection,
        interview_id,
        [
            reports.Feedback(
                feedback_type=item.type,
                content=item.content,
                priority=item.priority,
                question_id=ids.get(item.question_id or ""),
                category=item.category,
                evidence=item.evidence,
                resource_url=item.resource_url,
                resource_type=item.resource_type,
            )
            for item in report.feedback
        ],
    )
    await reports.save_report(connection, interview_id, report, report.last_seq, at)
    await interviews.save_result(
        connection,
        interview_id,
        overall_score=report.overall.score if report.overall else None,
        needs_review=report.to_review > 0,
    )
    if closed:
        run_id = await scores.live_run(connection, interview_id, report.scorer, at)
        await scores.finish_run(connection, run_id, "completed", at)
