"""A plan for a job written by a model: asked for as a document, read strictly, checked, and mended once."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from uuid import UUID

import msgspec

from agents.calls import Call, CallError, Completion, Door, Message, Unreadable
from agents.library.checks import AROUND_QUESTIONS_SECONDS
from agents.plans import Plan, Rubric
from agents.workshop.beside import beside
from agents.workshop.checking import check
from agents.workshop.composing import Piece, composed
from agents.workshop.findings import RUBRIC, Finding
from agents.workshop.job import MOST_CHARACTERS, Job, readable
from agents.workshop.written import LONGEST_TEXT, MOST_ITEMS, MOST_QUESTIONS, SCHEMA, SECONDS, pieces_of
from prompts import element, elements, load_prompt
from storage.ids import uuid7

PLAN_DRAFT = load_prompt("plan_draft")
A_QUESTION_S = 200
"""What a question takes, for reckoning how many to ask for."""
_UNREADABLE = "The model wrote no plan that can be used."


class Drafted(msgspec.Struct, frozen=True):
    """What came of it; `dropped` questions could not be used."""

    plan: Plan
    rubric: Rubric
    model: str
    dropped: int


async def write(description: str, job: Job, minutes: int, door: Door, *, like: Plan, tenant_id: UUID) -> Drafted:
    """A plan by a model. What a check finds wrong in it goes back once; what is wrong still is left out.

    Raises `CallError` where no model answers, or where nothing it wrote can be used.
    """
    act = f"plan_draft/{uuid7()}"
    messages: tuple[Message, ...] = (Message("user", job_message(description, minutes)),)
    first = await door.complete(_call(messages, act, tenant_id))
    usable = await beside(_documents, first, job, minutes, like)
    if usable is None or usable.errors:
        again = _again_message(usable.errors if usable else ())
        messages = (*messages, Message("assistant", first.text), Message("user", again))
        # What was good in the first answer is not lost with the second.
        with suppress(CallError):
            second = await door.complete(_call(messages, act, tenant_id))
            usable = await beside(_documents, second, job, minutes, like) or usable
    if usable is None:
        raise Unreadable(_UNREADABLE)
    return await beside(_without_errors, usable, job, minutes, like)


def job_message(description: str, minutes: int) -> str:
    """The description as data, and how much is to be asked."""
    text, _ = readable(description)
    seconds = max(SECONDS[0], minutes * 60 - AROUND_QUESTIONS_SECONDS)
    count = min(MOST_QUESTIONS, max(1, seconds // A_QUESTION_S))
    numbers = {"competencies": min(5, max(1, count - 1)), "questions": count, "seconds": seconds}
    return PLAN_DRAFT.part("plan_draft_job").render(
        {
            "job": element("job", text, at_most=MOST_CHARACTERS),
            **{name: element(name, str(number), at_most=6) for name, number in numbers.items()},
        }
    )


class _Usable(msgspec.Struct, frozen=True):
    pieces: tuple[Piece, ...]
    plan: Plan
    rubric: Rubric
    model: str
    asked: int
    errors: tuple[Finding, ...]


def _call(messages: tuple[Message, ...], act: str, tenant_id: UUID) -> Call:
    return Call(
        task="plan_draft",
        tier=PLAN_DRAFT.tier,
        prompt_name=PLAN_DRAFT.name,
        prompt_version=PLAN_DRAFT.version,
        system=(PLAN_DRAFT.main.render({}),),
        messages=messages,
        max_tokens=PLAN_DRAFT.max_tokens,
        effort=PLAN_DRAFT.effort,
        schema=SCHEMA,
        # A long document: the patience of `soon` would cut it off.
        priority="later",
        tenant_id=tenant_id,
        entity_type="plan",
        request_id=f"{act}/{len(messages)}",
    )


def _again_message(errors: Sequence[Finding]) -> str:
    told = [
        element("finding", f"{error.message['en']} ({error.excerpt})", at_most=LONGEST_TEXT, where=error.path)
        for error in errors[:MOST_ITEMS]
    ] or [element("finding", "It is not a document of the form that was asked for.", at_most=LONGEST_TEXT)]
    return PLAN_DRAFT.part("plan_draft_again").render({"findings": elements(told)})


def _documents(completion: Completion, job: Job, minutes: int, like: Plan) -> _Usable | None:
    """What can be used of an answer, as documents, with the errors that are in them."""
    read = pieces_of(completion.text)
    fitting = _within(read[0], minutes) if read else []
    if read is None or not fitting:
        return None
    plan, rubric = composed(fitting, job, minutes, like)
    return _Usable(tuple(fitting), plan, rubric, completion.model, read[1], _errors(plan, rubric))


def _without_errors(usable: _Usable, job: Job, minutes: int, like: Plan) -> Drafted:
    """The plan without the questions that have an error, or whose competency has one."""
    pieces = list(usable.pieces)
    plan, rubric = usable.plan, usable.rubric
    for _ in usable.pieces:
        errors = _errors(plan, rubric)
        if not errors:
            return Drafted(plan, rubric, usable.model, usable.asked - len(pieces))
        wrong = _wrong_questions(errors, plan, rubric)
        pieces = [piece for place, piece in enumerate(pieces) if place not in wrong]
        if not pieces or not wrong:
            break
        plan, rubric = composed(pieces, job, minutes, like)
    raise Unreadable(_UNREADABLE)


def _wrong_questions(errors: Iterable[Finding], plan: Plan, rubric: Rubric) -> set[int]:
    """Places of the questions that errors are about, be it through their competency."""
    wrong: set[int] = set()
    for error in errors:
        steps = error.path.split(".")
        if steps[0] == "questions" and len(steps) > 1:
            wrong.add(int(steps[1]))
        elif steps[0] == RUBRIC and len(steps) > 2:
            named = rubric.competencies[int(steps[2])].id
            wrong |= {place for place, question in enumerate(plan.questions) if question.competency == named}
    return wrong


def _errors(plan: Plan, rubric: Rubric) -> tuple[Finding, ...]:
    return tuple(finding for finding in check(plan, rubric) if finding.severity == "error")


def _within(pieces: Sequence[Piece], minutes: int) -> list[Piece]:
    """As many of the first questions as there is time for; one alone is given the time there is."""
    left = max(SECONDS[0], minutes * 60 - AROUND_QUESTIONS_SECONDS)
    fitting: list[Piece] = []
    for piece in pieces:
        if not fitting and piece.question.seconds > left:
            short = msgspec.structs.replace(piece.question, seconds=left)
            return [msgspec.structs.replace(piece, question=short)]
        if piece.question.seconds <= left:
            fitting.append(piece)
            left -= piece.question.seconds
    return fitting
