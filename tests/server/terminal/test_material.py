"""What scripted candidates have to say: a good candidate is one because the answers are, and a weak one too."""

from uuid import UUID

import pytest

from agents.library import load_library
from agents.plans import Language, Plan, Question
from agents.rehearsal.scorer import judge
from agents.scoring import Answer, AnswerTurn
from server.terminal.material import replies

LIBRARY = load_library()
PLACES = [
    pytest.param(plan, question, language, id=f"{plan.slug}-{question.id}-{language}")
    for plan in LIBRARY.plans.values()
    for question in plan.questions
    for language in plan.languages
]


def level(plan: Plan, question: Question, language: Language, *texts: str) -> int:
    """The rehearsal's level for an answer in these turns, 0 where there is none."""
    turns = tuple(
        AnswerTurn(seq=at, text=text, probe_id=question.probes[0].id if at else None) for at, text in enumerate(texts)
    )
    competency = LIBRARY.rubrics[plan.rubric].competency(question.competency)
    return judge(Answer(UUID(int=1), question, competency, language, 1, turns)).level or 0


@pytest.mark.parametrize(("plan", "question", "language"), PLACES)
def test_a_good_answer_is_worth_more_than_a_weak_one(plan: Plan, question: Question, language: Language) -> None:
    known = replies(plan.slug, question.id, language)
    good = [level(plan, question, language, text) for text in known.good]
    weak = [level(plan, question, language, text) for text in known.weak]
    assert max(weak) <= 2
    assert min(good) > max(weak)
    assert all(level(plan, question, language, text, *known.more) >= 3 for text in known.good)
