"""Interviews that a wire can play."""

from server.live import protocol
from tests.server.terminal.wire import Side, Wire

REPORT: dict[str, object] = {
    "report": {
        "overall": {"score": 62.5, "low": 40.0, "high": 80.0, "coverage": 1.0},
        "competencies": [
            {"id": "x", "name": "Working together", "level": 3.5, "score": 62.5},
            {"id": "y", "name": "Learning", "level": None, "score": None},
        ],
        "feedback": [
            {"type": "summary", "content": "Two questions were asked."},
            {"type": "improvement", "content": "Say what came of it."},
            {"type": "improvement", "content": "This one is in the report only."},
        ],
    }
}
SCORES: list[dict[str, object]] = [
    {"question_id": "q1", "version": 1, "level": 4},
    {"question_id": "q2", "version": 1, "level": None, "null_reason": "too_little"},
]


async def short_interview(side: Side) -> None:
    """Consent, a warm-up, two questions with a probe to the first, and the candidate's own question."""
    await side.welcome()
    await side.speak("Hello. Do you agree?", "consent")
    await answered(side)
    await side.speak("How are you?", "warm_up")
    await answered(side)
    await side.speak("Question q1?", "questions", "q1", asks=True)
    await answered(side)
    await side.speak("What was your part?", "questions", "q1")
    await answered(side)
    await side.send(side.fact("answer.closed", question_id="q1", version=1))
    await side.speak("Question q2?", "questions", "q2", asks=True)
    await answered(side)
    await side.send(side.fact("answer.closed", question_id="q2", version=1))
    await side.speak("Is there anything you would like to ask?", "candidate_questions")
    if isinstance(said := await answered(side), protocol.Say) and not said.text.startswith("No"):
        await side.speak("The people who run it know. Anything else?", "candidate_questions")
        await answered(side)
    await ended(side)


async def answered(side: Side) -> protocol.Say | protocol.Press:
    """The candidate's next words; what it asks for on the way is granted with a word."""
    while True:
        message = await side.take()
        assert isinstance(message, protocol.Say | protocol.Press)
        await side.keep(message)
        if isinstance(message, protocol.Say) or message.request in ("consent", "skip"):
            return message
        await side.speak("As you wish.", "questions", "q1")


async def ended(side: Side, reason: str = "completed") -> None:
    await side.speak("Goodbye.", "closing")
    await side.send(side.fact("interview.ended", reason=reason))


def whole_wire() -> Wire:
    """A wire with one short interview, its scores, and a report that takes two looks to be ready."""
    wire = Wire(short_interview)
    wire.report, wire.scores, wire.reports_pending = REPORT, SCORES, 2
    return wire
