"""A plan with its rubric as one YAML document that a person can read, send and edit.

    plan: {slug: …, title: {en: …, es: …}, …}
    rubric: {slug: …, competencies: […], …}

Comments are not kept. What `read_document` gives, `document_of` writes so that it is read the same again.
"""

import math
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import msgspec
import yaml

from agents.library.document import Document, LibraryError, decoded, parsed, plain_scalar
from agents.library.shape import converted
from agents.plans import Plan, Rubric
from agents.workshop.findings import written

LONG_LINE = 88
"""Characters of a text from which on it is written folded, below its name."""
_NAME = Path("document.yaml")


class DocumentError(Exception):
    """A document cannot be read. `line` counts from 1 and is None where it is about all of it; `path` leads to the
    place as in a `Finding`, and is empty where nothing could be read; the message is a sentence for the person.
    """

    def __init__(self, line: int | None, path: str, problem: str, mend: str) -> None:
        self.line = line
        self.path = path
        self.problem = problem
        self.mend = mend
        place = "" if line is None else f"Line {line}: "
        super().__init__(f"{place}{problem}. {mend}")


class _Both(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    plan: Plan
    rubric: Rubric


def read_document(text: str | bytes) -> tuple[Plan, Rubric]:
    """The plan and the rubric of a document; raises `DocumentError` where it is not YAML or not of their shape.

    What their texts say is looked at by `check` alone, so that an unfinished plan can be read.
    """
    try:
        # As bytes, so that what is too long is refused before it is parsed.
        raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        document = parsed(decoded(raw, _NAME), _NAME)
        both = converted(document, _Both)
    except LibraryError as error:
        raise DocumentError(error.line, _path(error), error.problem, error.mend) from error
    return both.plan, both.rubric


def line_of(text: str, path: str) -> int | None:
    """The line (from 1) at which a document that can be read holds what a finding's path leads to."""
    document = _kept(text)
    if document is None:
        return None
    steps = [int(step) if step.isdigit() else step for step in path.split(".")]
    return document.line(tuple(steps) if path.startswith("rubric.") else ("plan", *steps))


@lru_cache(maxsize=2)
def _kept(text: str) -> Document | None:
    """Parsed once for all the findings in it."""
    try:
        return parsed(text, _NAME)
    except LibraryError:
        return None


def document_of(plan: Plan, rubric: Rubric) -> str:
    """Both as YAML, every field in its order; what is left at `null` is left out."""
    root = _mapping({"plan": _node(plan), "rubric": _node(rubric)})
    text: str = yaml.serialize(root, Dumper=yaml.SafeDumper, allow_unicode=True, width=110)
    return text


def _path(error: LibraryError) -> str:
    """Where the error is, as a finding would say it."""
    return written(error.at).removeprefix("plan.")


def _node(value: object) -> yaml.Node:
    if isinstance(value, msgspec.Struct):
        held = {name: getattr(value, name) for name in value.__struct_fields__}
        return _mapping({name: _node(item) for name, item in held.items() if item is not None})
    if isinstance(value, dict):
        return _mapping({str(key): _node(item) for key, item in value.items()}, is_short=not value)
    if isinstance(value, tuple | list):
        # Languages and cues are short and many; they stand in one line.
        is_short = all(isinstance(item, str) for item in value)
        return yaml.SequenceNode("tag:yaml.org,2002:seq", [_node(item) for item in value], flow_style=is_short)
    return _scalar(value)


def _mapping(items: dict[str, yaml.Node], *, is_short: bool = False) -> yaml.Node:
    pairs = [(_text(name), node) for name, node in items.items()]
    return yaml.MappingNode("tag:yaml.org,2002:map", pairs, flow_style=is_short)


def _scalar(value: object) -> yaml.Node:
    if isinstance(value, bool):
        return yaml.ScalarNode("tag:yaml.org,2002:bool", "true" if value else "false")
    if isinstance(value, int):
        return yaml.ScalarNode("tag:yaml.org,2002:int", str(value))
    if isinstance(value, float):
        # Without an exponent, which our reader takes for text; with its point, so that it stays a fraction.
        digits = format(Decimal(repr(value)), "f") if math.isfinite(value) else repr(value)
        return yaml.ScalarNode("tag:yaml.org,2002:float", digits if "." in digits else f"{digits}.0")
    return _text(str(value))


def _text(text: str) -> yaml.Node:
    """A text in the plainest style that is read back as it is."""
    style: str | None = None
    is_plain = text.isprintable() and "  " not in text and text == text.strip() and text not in ("", "~")
    if not is_plain or plain_scalar(text) != text:
        style = '"'
    elif len(text) > LONG_LINE:
        style = ">"
    return yaml.ScalarNode("tag:yaml.org,2002:str", text, style=style)
