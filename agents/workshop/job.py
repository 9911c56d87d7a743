"""What a job description says, by its words: its title, its level, and what of the library it is near to.

The words are read and counted, never obeyed; only a title that is short and ends in a known role is taken over.
"""

import re
from functools import cache
from pathlib import Path
from typing import get_args

import msgspec
import yaml

from agents.plans import Difficulty, Language, RoleLevel
from agents.rehearsal.words import fold
from prompts import visible

MOST_CHARACTERS = 40_000
"""Of a longer description only the beginning is read."""
LONGEST_TITLE = 70
_LONGEST_LINE = 200

_LABEL = re.compile(
    r"^(?:#+|[-*•]|\*\*)?\s*(?:job title|position|role|title|puesto|cargo|posici[oó]n|vacante|t[ií]tulo)\s*:\s*",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"^(?:we(?:'re| are) (?:looking for|hiring)|looking for|hiring|buscamos|se busca|estamos buscando)\s*:?\s*"
    r"(?:an?|un|una)?\s+",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"\((?:[mfwdxh]\s*[/|]\s*)+[mfwdxh*]\)|\(?\b[mfh]/[mfh](?:/[dx])?\b\)?|\((?:all genders?|remote)\)",
    re.IGNORECASE,
)
_AFTER = re.compile(r"\s+[-–—|@]\s+.*$|,\s.*$|\s+(?:at|in|en|para)\s+[A-ZÁÉÍÓÚÑ].*$|[.:;].*$")
_TITLE = re.compile(r"[^\W_][\w\s/&+#().'’-]*", re.UNICODE)
_DIFFICULTIES: dict[RoleLevel, Difficulty] = {
    "intern": "easy",
    "junior": "easy",
    "senior": "hard",
    "lead": "hard",
    "principal": "expert",
    "executive": "expert",
}

ByLanguage = dict[Language, tuple[str, ...]]


class JobWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Folded words and phrases, by what they are signs of."""

    plans: dict[str, ByLanguage]
    competencies: dict[str, ByLanguage]
    levels: dict[RoleLevel, ByLanguage]
    roles: ByLanguage


class Job(msgspec.Struct, frozen=True):
    """`plans` and `competencies` tell which known words were found for each (`plan.competency`), those named only."""

    title: str
    """Empty where none was recognised."""
    level: RoleLevel
    plans: dict[str, tuple[str, ...]]
    competencies: dict[str, tuple[str, ...]]
    is_cut: bool

    @property
    def difficulty(self) -> Difficulty:
        return _DIFFICULTIES.get(self.level, "medium")


@cache
def job_words() -> JobWords:
    """The lexicon, read once."""
    text = Path(__file__).with_name("job_words.yaml").read_text("utf-8")
    return msgspec.convert(yaml.load(text, Loader=yaml.BaseLoader), JobWords)  # noqa: S506 - texts alone


def readable(description: str) -> tuple[str, bool]:
    """The part of a description that is read, and whether that is not all of it."""
    seen = visible(description[: MOST_CHARACTERS * 2]).strip()
    return seen[:MOST_CHARACTERS], len(seen) > MOST_CHARACTERS or len(description) > MOST_CHARACTERS * 2


def read_job(description: str) -> Job:
    """What its words tell, in either language: a Spanish description names its tools in English."""
    text, is_cut = readable(description)
    folded = fold(text) if len(text) < 2_000 else fold.__wrapped__(text)
    known = job_words()
    levels = _found(folded[:3_000], {name: known.levels[name] for name in known.levels})
    return Job(
        title=_title(text),
        level=next((level for level in get_args(RoleLevel)[::-1] if level in levels), "mid"),
        plans=_found(folded, known.plans),
        competencies=_found(folded, known.competencies),
        is_cut=is_cut,
    )


def _found(folded: str, by_name: dict[str, ByLanguage] | dict[RoleLevel, ByLanguage]) -> dict[str, tuple[str, ...]]:
    found = {}
    for name, by_language in by_name.items():
        phrases = sorted({phrase for phrases in by_language.values() for phrase in phrases})
        here = tuple(phrase for phrase in phrases if _is_in(phrase, folded))
        if here:
            found[str(name)] = here
    return found


def _is_in(phrase: str, folded: str) -> bool:
    return phrase in folded and re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", folded) is not None


def _title(text: str) -> str:
    """The first of the first lines that reads like a title; with a label before it, it is one."""
    for line in text[:3_000].splitlines()[:12]:
        if len(line) > _LONGEST_LINE:
            continue
        bare = _OPENING.sub("", _LABEL.sub("", line.strip().strip("#*_ ")))
        bare = _AFTER.sub("", _ASIDE.sub(" ", bare))
        title = " ".join(bare.strip("*_ ").split())
        if title and len(title) <= LONGEST_TITLE and _TITLE.fullmatch(title) and _names_a_role(title):
            return title[:1].upper() + title[1:]
    return ""


def _names_a_role(title: str) -> bool:
    """Whether a short line has a role at its end (`Backend Engineer`) or at its beginning (`Ingeniera de datos`)."""
    words = [word.strip("()/&.,") for word in fold(title).split()]
    roles = job_words().roles
    if not 1 <= len(words) <= 7:
        return False
    return any(word in roles["en"] for word in words[-2:]) or any(word in roles["es"] for word in words[:2])
