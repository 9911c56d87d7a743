"""A plan for a job put together by rules: questions of the library that its words ask for, with their anchors."""

from collections.abc import Iterator, Sequence

import msgspec

from agents.library import Library
from agents.library.checks import AROUND_QUESTIONS_SECONDS
from agents.plans import Plan, Rubric
from agents.workshop.composing import Piece, composed
from agents.workshop.job import Job

OTHERWISE = "competency"
"""The plan for a job about which the words tell nothing."""
FOR_ANY_JOB = ("behavioural", "competency", "hr-screening")
IN_ONE_PIECE = "case-study"
"""Its questions are about one case and build on each other: they are taken in their order and not mixed."""
MOST_QUESTIONS = 10
_SHORTEST_SECONDS = 60
_OWN_PLAN, _REPEATED, _MOST_HITS = 2.0, 1.75, 3


class Chosen(msgspec.Struct, frozen=True):
    """The documents, and the words of the job that they were chosen by, the most telling first."""

    plan: Plan
    rubric: Rubric
    by_words: tuple[str, ...]


def nearest(job: Job, library: Library) -> str:
    """Slug of the plan with the most words in common; the first in the library's order of those with equally many."""
    known = {slug: len(words) for slug, words in job.plans.items() if slug in library.plans}
    title = job.title.casefold()
    for slug, words in job.plans.items():
        if slug in known and slug not in FOR_ANY_JOB and any(word in title for word in words):
            known[slug] += 5
    # What any job may say weighs half of what only some say.
    weighed = {slug: count / 2 if slug in FOR_ANY_JOB else float(count) for slug, count in known.items()}
    return max(weighed, key=lambda slug: (weighed[slug], slug), default=OTHERWISE)


def chosen(job: Job, minutes: int, library: Library) -> Chosen:
    """The plan that the words of a job ask for, and that fits into these minutes."""
    main = nearest(job, library)
    pool = list(_pool(main, library))
    picked = _fitting(pool, minutes) if main == IN_ONE_PIECE else _picked(pool, job, main, minutes)
    if not picked:
        # Not even one fits as it is: the first is given what time there is.
        short = max(_SHORTEST_SECONDS, minutes * 60 - AROUND_QUESTIONS_SECONDS)
        first = pool[0]
        picked = [msgspec.structs.replace(first, question=msgspec.structs.replace(first.question, seconds=short))]
    plan, rubric = composed(picked, job, minutes, library.plans[main])
    words = [word for piece in picked for word in _hits(piece, job)] or list(job.plans.get(main, ()))
    return Chosen(plan, rubric, tuple(dict.fromkeys(words)))


def _pool(main: str, library: Library) -> Iterator[Piece]:
    """The questions to choose from; those of the nearest plan first."""
    others = () if main == IN_ONE_PIECE else FOR_ANY_JOB
    for slug in dict.fromkeys((main, *others)):
        plan = library.plans.get(slug)
        if plan is not None:
            rubric = library.rubrics[plan.rubric]
            for question in plan.questions:
                yield Piece(slug, question, rubric.competency(question.competency))


def _picked(pool: Sequence[Piece], job: Job, main: str, minutes: int) -> list[Piece]:
    left, picked = list(pool), list[Piece]()
    while left and len(picked) < MOST_QUESTIONS:
        named = [piece.competency.name["en"] for piece in picked]

        def worth(piece: Piece, named: list[str] = named) -> float:
            hits = min(len(_hits(piece, job)), _MOST_HITS)
            own = _OWN_PLAN if piece.slug == main else 0.0
            return own + hits - _REPEATED * named.count(piece.competency.name["en"])

        best = max(left, key=lambda piece: (worth(piece), -pool.index(piece)))
        left.remove(best)
        if fits([*picked, best], minutes):
            picked.append(best)
    return sorted(picked, key=pool.index)


def _fitting(pool: Sequence[Piece], minutes: int) -> list[Piece]:
    """As many of the first as there is time for."""
    count = max((n for n in range(len(pool) + 1) if fits(pool[:n], minutes)), default=0)
    return list(pool[:count])


def fits(pieces: Sequence[Piece], minutes: int) -> bool:
    """Whether there is time for these questions and for what stands around them."""
    return sum(piece.question.seconds for piece in pieces) + AROUND_QUESTIONS_SECONDS <= minutes * 60


def _hits(piece: Piece, job: Job) -> tuple[str, ...]:
    return job.competencies.get(f"{piece.slug}.{piece.competency.id}", ())
