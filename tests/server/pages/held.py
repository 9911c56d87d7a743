"""Interviews that were held, as the pages find them: rows, and reports made from real logs."""

from datetime import timedelta
from uuid import UUID

from agents.events import Quote, ScoreGiven, TurnClosed
from agents.library import load_library
from agents.opening import Wish, open_interview
from agents.plans import Language
from agents.report import Report, report_of
from server.services import Services
from storage import interviews, reports
from storage.interviews import Status
from tests.agents.sitting import PLAN, Sitting

SOME_INTERVIEW = UUID(int=1)
RUBRIC = load_library().rubrics[PLAN.rubric]


async def opened(served: Services, language: Language = "en", plan: str = PLAN.slug) -> UUID:
    """An interview of the local owner that nobody has entered."""
    owner = served.local_owner
    made = await open_interview(
        served.database,
        owner.tenant_id,
        owner.user_id,
        Wish(plan=plan, language=language),
        now=served.now(),
        ticket_life=timedelta(seconds=60),
    )
    return made.interview_id


async def becomes(served: Services, interview_id: UUID, *statuses: Status) -> None:
    async with served.database.tenant(served.local_owner.tenant_id) as connection:
        for status in statuses:
            await interviews.set_status(connection, interview_id, status, served.now())


async def judged(served: Services, sitting: Sitting, language: Language = "en") -> UUID:
    """A practice that was completed, with the report of that sitting."""
    interview_id = await opened(served, language)
    await becomes(served, interview_id, "in_progress", "completed")
    written = report(sitting, interview_id)
    async with served.database.tenant(served.local_owner.tenant_id) as connection:
        await reports.save_report(connection, interview_id, written, written.last_seq, served.now())
    return interview_id


def report(sitting: Sitting, interview_id: UUID = SOME_INTERVIEW) -> Report:
    made = report_of(interview_id, PLAN, RUBRIC, sitting.log)
    assert made is not None
    return made


def scored(*levels: int | None, said: str | None = None, language: Language = "en") -> Sitting:
    """A sitting ended after so many answers, each of that level, with its whole text as evidence."""
    sitting = Sitting(language=language)
    sitting.reaches("q1")
    for number, level in enumerate(levels, start=1):
        sitting.says(said or f"Answer {number}: I planned the work, did my part, and we finished two weeks early.")
        text, seq = [(e.payload.text, e.seq) for e in sitting.log if isinstance(e.payload, TurnClosed)][-1]
        sitting.replies("next")
        question = PLAN.question(f"q{number}")
        sitting._apply(
            [
                ScoreGiven(
                    question_id=question.id,
                    version=1,
                    run_id=UUID(int=2),
                    competency=question.competency,
                    scorer="rehearsal-scorer/1",
                    level=level,
                    null_reason=None if level else "too_little",
                    anchor=RUBRIC.competency(question.competency).anchors[level - 1][language] if level else "",
                    evidence=(Quote(text, seq, 0, len(text)),) if level else (),
                    suggestion=f"Suggestion {number}.",
                )
            ]
        )
    sitting.presses("end")
    sitting.replies()
    return sitting
