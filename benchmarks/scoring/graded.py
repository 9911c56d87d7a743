"""Answers that people have graded, one JSON object a line."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from agents.plans import Language


class GradedSetError(Exception):
    """A set of graded answers cannot be read; the message says which line is at fault and what to do."""


class GradedAnswer(msgspec.Struct, frozen=True):
    """One line. Other keys may stand in it and are left alone."""

    question: str
    reference: str
    """The model answer that the grade was given by."""
    answer: str
    grade: float
    """0–`max_grade`."""
    max_grade: float
    language: Language
    split: str | None = None

    @property
    def share(self) -> float:
        """The grade as a share of the highest, 0–1."""
        return self.grade / self.max_grade


def read_graded(path: Path) -> tuple[GradedAnswer, ...]:
    """All lines of a file; empty ones are passed over. Raises `GradedSetError`."""
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise GradedSetError(f"{path} cannot be read: {error.strerror}. Name a file of graded answers.") from error
    except UnicodeDecodeError as error:
        raise GradedSetError(f"{path} is not UTF-8. Save it as UTF-8, one JSON object a line.") from error
    graded = tuple(_numbered(text.split("\n")))
    if not graded:
        raise GradedSetError(f"{path} holds no answer. Give one JSON object a line.")
    return graded


def _numbered(lines: Iterable[str]) -> Iterable[GradedAnswer]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _read(line, number)


def _read(line: str, number: int) -> GradedAnswer:
    try:
        graded = msgspec.json.decode(line, type=GradedAnswer)
    except msgspec.ValidationError as error:
        raise GradedSetError(f"Line {number}: {error}. Each line needs {_KEYS}.") from error
    except msgspec.DecodeError as error:
        raise GradedSetError(f"Line {number} is not JSON: {error}. Give one JSON object a line.") from error
    if not graded.max_grade > 0:
        raise GradedSetError(f"Line {number}: max_grade is {graded.max_grade:g}. It must be above 0.")
    if not 0 <= graded.grade <= graded.max_grade:
        raise GradedSetError(
            f"Line {number}: grade is {graded.grade:g}. It must lie between 0 and max_grade, {graded.max_grade:g}."
        )
    if not graded.reference.strip():
        raise GradedSetError(f"Line {number}: reference is empty. Give the answer that the grade was given by.")
    return graded


_KEYS = "question, reference, answer (texts), grade, max_grade (numbers) and language (en or es)"
