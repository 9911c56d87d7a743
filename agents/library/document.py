"""A YAML file as data that still knows its lines, so that whatever is wrong in it can be pointed at.

Built from the parser's events rather than with a YAML loader: loaders keep the last of two equal keys, turn
`no` into false and `2025-01-01` into a date, and the fast one overflows the stack on deep nesting.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import yaml

At = tuple[str | int, ...]
"""Where something stands in a document: keys of mappings and indices of lists, from the root."""

MAX_BYTES = 1_000_000
MAX_DEPTH = 20

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WHOLE = re.compile(r"[-+]?[0-9]{1,18}")
_FRACTION = re.compile(r"[-+]?[0-9]+\.[0-9]+")
_PLAIN = {"": None, "~": None, "null": None, "true": True, "false": False}


class LibraryError(Exception):
    """A plan or rubric cannot be read: the file, its line (from 1; None, the whole file), what, and the mend."""

    def __init__(self, path: Path, line: int | None, problem: str, mend: str, at: At = ()) -> None:
        self.path = path
        self.line = line
        self.problem = problem
        self.mend = mend
        self.at = at
        """Where in the document, where the line is one of something that could be read."""
        place = str(path) if line is None else f"{path}, line {line}"
        super().__init__(f"{place}: {problem}. {mend}")


@dataclass(slots=True)
class Node:
    """A mapping, list or scalar with its line, its children by key or index, and the line of each key."""

    line: int
    kind: Literal["mapping", "list", "scalar"]
    scalar: str | int | float | bool | None = None
    children: dict[str | int, "Node"] = field(default_factory=dict)
    key_lines: dict[str, int] = field(default_factory=dict)

    def value(self) -> object:
        """The node as plain dicts, lists, text, numbers, true, false and None."""
        if self.kind == "mapping":
            return {key: child.value() for key, child in self.children.items()}
        if self.kind == "list":
            return [child.value() for child in self.children.values()]
        return self.scalar


@dataclass(frozen=True, slots=True)
class Document:
    path: Path
    root: Node

    def line(self, at: At) -> int:
        """Line of what stands there; of the deepest thing on the way that exists, where it does not."""
        node, line = self.root, self.root.line
        for step in at:
            child = node.children.get(step)
            if isinstance(step, str):
                line = node.key_lines.get(step, line)
            elif child is not None:
                line = child.line
            if child is None:
                break
            node = child
        return line

    def error(self, at: At, problem: str, mend: str) -> LibraryError:
        return LibraryError(self.path, self.line(at), f"{spelt(at)}: {problem}", mend, at)


def spelt(at: At) -> str:
    """`questions[2].probes[0].seeks`, as a person would write it; the document itself for the root."""
    written = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in at)
    return written.lstrip(".") or "the document"


def read_document(path: Path) -> Document:
    """The file as a document; raises `LibraryError` if it is not there, not text, or not plain YAML."""
    return parsed(_text(path), path)


def parsed(text: str, path: Path) -> Document:
    """The text of that file as a document; raises `LibraryError` if it is not plain YAML."""
    try:
        return Document(path, _Builder(path).built(text))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        mend = "Delete it; it may not show in an editor."
        raise LibraryError(path, line, "there is a control character here", mend) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problem = f"this is not YAML: {error.problem or error.context}"
        mend = "Look here and just above for indentation, a missing quote, or a colon inside unquoted text."
        raise LibraryError(path, line, problem, mend) from error


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        problem = f"the file cannot be read ({error.strerror})"
        raise LibraryError(path, None, problem, "Check its name and its permissions.") from error
    return decoded(raw, path)


def decoded(raw: bytes, path: Path) -> str:
    """The bytes of that file as text; raises `LibraryError` if they are too many or no UTF-8."""
    if len(raw) > MAX_BYTES:
        raise LibraryError(path, None, f"the file is larger than {MAX_BYTES:,} bytes", "Write a shorter one.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise LibraryError(path, line, "this is not UTF-8 text", "Save the file as UTF-8.") from error


class _Builder:
    """Puts one document's events together into nodes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root: Node | None = None
        self.open: list[Node] = []
        self.keys: list[str | None] = []
        """For each open node, the key that waits for its value."""

    def built(self, text: str) -> Node:
        for event in yaml.parse(text, Loader=_LOADER):
            mark = event.start_mark
            self._take(event, mark.line + 1 if mark else 1)
        if self.root is None or self.root.kind != "mapping":
            problem = "a plan or rubric is made of `name: value` lines, and this is something else"
            raise self._error(self.root.line if self.root else 1, problem, "Begin with `slug:`.")
        return self.root

    def _take(self, event: yaml.Event, line: int) -> None:
        if isinstance(event, yaml.AliasEvent):
            problem = f"`*{event.anchor}` stands for something written elsewhere"
            raise self._error(line, problem, "Write it out here; plans are read by people.")
        if isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            raise self._error(line, "a second document begins here", "Keep one document in a file.")
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None:
            raise self._error(line, f"`{event.tag}` is a YAML tag", "Delete it; text and numbers need none.")
        if isinstance(event, yaml.ScalarEvent):
            self._put(Node(line, "scalar", _scalar(event)), written=event.value)
        elif isinstance(event, yaml.CollectionStartEvent):
            if len(self.open) >= MAX_DEPTH:
                raise self._error(line, "this is nested too deeply", "Close some of the brackets.")
            node = Node(line, "mapping" if isinstance(event, yaml.MappingStartEvent) else "list")
            self._put(node, written=None)
            self.open.append(node)
            self.keys.append(None)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.open.pop()
            self.keys.pop()

    def _put(self, node: Node, written: str | None) -> None:
        """Put a node into the innermost open one: as next item, as value of its waiting key, or as next key."""
        if not self.open:
            self.root = node
            return
        into, key = self.open[-1], self.keys[-1]
        if into.kind == "list":
            into.children[len(into.children)] = node
        elif key is not None:
            into.children[key] = node
            self.keys[-1] = None
        elif written is None:
            raise self._error(node.line, "a list or mapping stands where a name should", "Write `name: value`.")
        elif written in into.key_lines:
            problem = f"`{written}` is here a second time; the first is on line {into.key_lines[written]}"
            raise self._error(node.line, problem, "Keep one of the two.")
        else:
            into.key_lines[written] = node.line
            self.keys[-1] = written

    def _error(self, line: int, problem: str, mend: str) -> LibraryError:
        return LibraryError(self.path, line, problem, mend)


def _scalar(event: yaml.ScalarEvent) -> str | int | float | bool | None:
    """What a scalar stands for: quoted, it is text; plain, also numbers, true, false and null."""
    text: str = event.value
    # The fast parser leaves the style of plain scalars empty, the other one None.
    if not event.style:
        return plain_scalar(text)
    return unicodedata.normalize("NFC", text)


def plain_scalar(text: str) -> str | int | float | bool | None:
    """What is meant by a scalar without quotes."""
    if text in _PLAIN:
        return _PLAIN[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    if _FRACTION.fullmatch(text):
        return float(text)
    # The same word typed on two keyboards is the same text, and hashes alike.
    return unicodedata.normalize("NFC", text)
