"""Answers as candidates give them, to questions of the library: (plan, question, language) → words."""

from pathlib import Path
from uuid import UUID

import yaml

from agents.library import load_library
from agents.plans import Language, Question
from agents.scoring import Answer, AnswerTurn

LIBRARY = load_library()
INTERVIEW = UUID(int=1)

Key = tuple[str, str, Language]


def _read(name: str) -> dict[Key, str]:
    written = yaml.safe_load(Path(__file__).with_name("answers.yaml").read_text("utf-8"))[name]
    return {(entry["plan"], entry["question"], entry["language"]): entry["text"] for entry in written}


GOOD = _read("good")
WEAK = _read("weak")


def answer_to(question: Question, plan: str, *texts: str, language: Language = "en") -> Answer:
    """The answer to a question of the library in these turns; all after the first reply to a probe."""
    rubric = LIBRARY.rubrics[LIBRARY.plans[plan].rubric]
    turns = tuple(
        AnswerTurn(seq=10 * at, text=text, probe_id=None if at == 1 else question.probes[0].id)
        for at, text in enumerate(texts, start=1)
    )
    return Answer(INTERVIEW, question, rubric.competency(question.competency), language, 1, turns)


def answer_for(key: Key, *texts: str) -> Answer:
    """The answer to the question of that key."""
    plan, question, language = key
    return answer_to(LIBRARY.plans[plan].question(question), plan, *texts, language=language)
