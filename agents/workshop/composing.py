"""A plan and its rubric put together from questions with the competencies they are for, whoever chose or wrote them."""

import re
import unicodedata
from collections.abc import Sequence

import msgspec

from agents.library.checks import HARD_MINUTES, MAX_ID
from agents.plans import Competency, InterviewType, Language, Plan, Question, Rubric, Words
from agents.workshop.job import Job

NUMBERS: dict[Language, tuple[str, ...]] = {
    "en": tuple("no one two three four five six seven eight nine ten eleven twelve".split()),
    "es": tuple("ninguna una dos tres cuatro cinco seis siete ocho nueve diez once doce".split()),
}
TITLES: Words = {"en": "Interview for a job", "es": "Entrevista para un puesto"}


class Piece(msgspec.Struct, frozen=True):
    """A question with its competency, and where both are from."""

    slug: str
    question: Question
    competency: Competency


def composed(pieces: Sequence[Piece], job: Job, minutes: int, like: Plan) -> tuple[Plan, Rubric]:
    """The documents for a job: ids made anew, facts and warm-up as in the plan that it is most like."""
    competencies = _competencies(pieces)
    questions = tuple(
        renamed(piece.question, f"q{n}", competencies[piece.slug, piece.competency.id].id)
        for n, piece in enumerate(pieces, start=1)
    )
    own = sum(piece.slug == like.slug for piece in pieces)
    kind: InterviewType = like.interview_type if 2 * own > len(pieces) else "mixed"
    hard = min(max(minutes + 5, minutes * 3 // 2), HARD_MINUTES[-1])
    title = title_of(job)
    slug = slug_of(job.title) or "draft"
    rubric = Rubric(slug, title, like.languages, tuple({each.id: each for each in competencies.values()}.values()))
    names = [competency.name for competency in rubric.competencies]
    plan = Plan(
        slug=slug,
        title=title,
        summary=summary_of(len(questions), names),
        interview_type=kind,
        role_level=job.level,
        difficulty_level=job.difficulty,
        target_duration_minutes=minutes,
        hard_limit_minutes=hard,
        languages=like.languages,
        rubric=slug,
        warm_up=like.warm_up,
        facts=(length_fact(len(questions), minutes, hard), *like.facts[1:]),
        questions=questions,
        patience=like.patience,
    )
    return plan, rubric


def title_of(job: Job) -> Words:
    """Called after the job, where the job has a name. The name stays in the language in which it was written."""
    if not job.title:
        return TITLES
    return {"en": f"Interview: {job.title}", "es": f"Entrevista: {job.title}"}


def slug_of(title: str) -> str:
    """A name for addresses, of plain letters; empty where none can be made."""
    plain = unicodedata.normalize("NFKD", title.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_ID].strip("-")


def length_fact(count: int, minutes: int, hard: int) -> Words:
    """What the interviewer says when it is asked how long it takes."""
    en = "There is one question." if count == 1 else f"There are {_number(count, 'en')} questions."
    es = "Es una pregunta." if count == 1 else f"Son {_number(count, 'es')} preguntas."
    return {
        "en": f"{en} It takes about {minutes} minutes, and never more than {hard}.",
        "es": f"{es} Dura unos {minutes} minutos, y nunca más de {hard}.",
    }


def summary_of(count: int, names: Sequence[Words]) -> Words:
    """How many questions about what."""
    en = "One question" if count == 1 else f"{_number(count, 'en').capitalize()} questions"
    es = "Una pregunta" if count == 1 else f"{_number(count, 'es').capitalize()} preguntas"
    return {
        "en": f"{en} about: {'; '.join(_lowered(name['en']) for name in names)}.",
        "es": f"{es} sobre: {'; '.join(_lowered(name['es']) for name in names)}.",
    }


def renamed(question: Question, name: str, competency: str) -> Question:
    """The question under another id, and what is in it under ids that begin with it."""

    def own(inner: str) -> str:
        return f"{name}.{inner.rpartition('.')[2]}"

    return msgspec.structs.replace(
        question,
        id=name,
        competency=competency,
        points=tuple(msgspec.structs.replace(point, id=own(point.id)) for point in question.points),
        probes=tuple(
            msgspec.structs.replace(probe, id=own(probe.id), point=own(probe.point) if probe.point else None)
            for probe in question.probes
        ),
    )


def _competencies(pieces: Sequence[Piece]) -> dict[tuple[str, str], Competency]:
    """Each piece's competency; two of one name and with other anchors are told apart by where they are from."""
    taken: dict[str, Competency] = {}
    found: dict[tuple[str, str], Competency] = {}
    for piece in pieces:
        key = (piece.slug, piece.competency.id)
        if key in found:
            continue
        competency = piece.competency
        if competency.id in taken and taken[competency.id] != competency:
            other = f"{piece.slug.replace('-', '_')}_{competency.id}"[:MAX_ID].strip("_")
            competency = msgspec.structs.replace(competency, id=other)
        taken[competency.id] = competency
        found[key] = competency
    return found


def _number(count: int, language: Language) -> str:
    return NUMBERS[language][count] if count < len(NUMBERS[language]) else str(count)


def _lowered(name: str) -> str:
    """A name within a sentence; abbreviations stay."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]
