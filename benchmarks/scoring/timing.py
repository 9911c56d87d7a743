"""How long the rehearsal scorer takes for one answer, in this process."""

import time
from collections.abc import Iterator
from uuid import UUID

from agents.library import load_library
from agents.rehearsal.scorer import RehearsalScorer
from agents.scoring import Answer, AnswerTurn
from benchmarks.figure import Figure, at_most
from server.terminal.material import replies
from server.terminal.timing import percentile

ROUNDS = 5
NOBODY = UUID(int=0)


async def scoring() -> list[Figure]:
    """Milliseconds for one answer of the library's plans, in both languages, good and weak."""
    scorer = RehearsalScorer()
    answers = list(written_answers())
    for answer in answers:
        await scorer.score(answer)  # Reads its word lists once.
    times = []
    for _ in range(ROUNDS):
        for answer in answers:
            began = time.perf_counter()
            await scorer.score(answer)
            times.append((time.perf_counter() - began) * 1000)
    return [
        at_most("rehearsal scorer, one answer, p50", percentile(times, 0.50), "ms", None),
        at_most("rehearsal scorer, one answer, p95", percentile(times, 0.95), "ms", None),
    ]


def written_answers() -> Iterator[Answer]:
    """A good answer with its additions, and a weak one, to every question in every language."""
    library = load_library()
    for plan in library.plans.values():
        rubric = library.rubrics[plan.rubric]
        for question in plan.questions:
            for language in plan.languages:
                known = replies(plan.slug, question.id, language)
                for texts in ((*known.good, *known.more), known.weak):
                    yield Answer(
                        interview_id=NOBODY,
                        question=question,
                        competency=rubric.competency(question.competency),
                        language=language,
                        version=1,
                        turns=tuple(AnswerTurn(seq=10 + n, text=text) for n, text in enumerate(texts)),
                    )
