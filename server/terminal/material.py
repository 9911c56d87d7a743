"""What scripted candidates have to say, by plan, question and language; written in `answers/*.yaml`."""

from functools import cache
from pathlib import Path

import msgspec

from agents.plans import Language

FOLDER = Path(__file__).parent / "answers"


class Replies(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What can be said to one question."""

    good: tuple[str, ...]
    more: tuple[str, ...]
    """What a good answer adds when probed, in this order."""
    weak: tuple[str, ...]


class Anywhere(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What can be said in any interview."""

    agree: tuple[str, ...]
    warm_up: tuple[str, ...]
    good: tuple[str, ...]
    more: tuple[str, ...]
    weak: tuple[str, ...]
    digressions: tuple[str, ...]
    evasive: tuple[str, ...]
    hostile: tuple[str, ...]
    silent: tuple[str, ...]
    repeat: tuple[str, ...]
    hint: tuple[str, ...]
    skip: tuple[str, ...]
    ask: tuple[str, ...]
    nothing: tuple[str, ...]


class _PlanAnswers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    plan: str
    questions: dict[str, dict[Language, Replies]]


@cache
def anywhere(language: Language) -> Anywhere:
    return _anywhere()[language]


def replies(plan: str, question_id: str, language: Language) -> Replies:
    """What there is to say to a question; general words where nothing was written for it."""
    written = _by_plan().get(plan, {}).get(question_id, {}).get(language)
    if written is not None:
        return written
    general = anywhere(language)
    return Replies(good=general.good, more=general.more, weak=general.weak)


def written_for() -> dict[str, tuple[str, ...]]:
    """The plans and questions for which answers were written."""
    return {plan: tuple(questions) for plan, questions in _by_plan().items()}


@cache
def _anywhere() -> dict[Language, Anywhere]:
    return msgspec.yaml.decode((FOLDER / "anywhere.yaml").read_bytes(), type=dict[Language, Anywhere])


@cache
def _by_plan() -> dict[str, dict[str, dict[Language, Replies]]]:
    files = (path for path in sorted(FOLDER.glob("*.yaml")) if path.name != "anywhere.yaml")
    documents = (msgspec.yaml.decode(path.read_bytes(), type=_PlanAnswers) for path in files)
    return {document.plan: document.questions for document in documents}
