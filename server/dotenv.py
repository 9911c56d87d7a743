"""A strict reader of `.env` files: what it cannot read as written, it refuses with the line and the mend.

Lines are `NAME=value` or `export NAME=value`. A value is bare, in 'single quotes' (taken as it stands) or in
"double quotes" (`\\n`, `\\t`, `\\"` and `\\\\` are escapes). `#` after a blank begins a comment. Nothing is
expanded.
"""

import re
from pathlib import Path

import msgspec

_NAME = re.compile(r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_QUOTED = re.compile(r"""(?:'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)")[ \t]*(?:[ \t]\#.*)?""", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


class Line(msgspec.Struct, frozen=True):
    """One assignment of a `.env` file; `number` counts from 1."""

    name: str
    value: str
    number: int


class Malformed(msgspec.Struct, frozen=True):
    """One line that could not be read. It never repeats the line, which may hold a secret."""

    number: int
    wrong: str
    mend: str


def read(path: Path) -> tuple[list[Line], list[Malformed]]:
    """The assignments of a file and the lines that are wrong. A file that is not there is empty."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return [], []
    except UnicodeDecodeError as error:
        number = error.object[: error.start].count(b"\n") + 1
        return [], [Malformed(number, "is not UTF-8 text", "save the file as UTF-8")]
    except OSError as error:
        wrong = f"cannot be read ({(error.strerror or 'unknown reason').lower()})"
        return [], [Malformed(1, wrong, "let this user read the file, or move it away")]
    return parse(text)


def parse(text: str) -> tuple[list[Line], list[Malformed]]:
    """The assignments of a text, in its order, and the lines that are wrong."""
    lines: list[Line] = []
    wrong: list[Malformed] = []
    first: dict[str, int] = {}
    for number, raw in enumerate(text.split("\n"), start=1):
        found = _line(raw.strip(" \t\r"), number)
        if isinstance(found, Malformed):
            wrong.append(found)
        elif found is not None and found.name in first:
            said = f"sets {found.name} again, after line {first[found.name]}"
            wrong.append(Malformed(number, said, "keep one of the two lines"))
        elif found is not None:
            first[found.name] = number
            lines.append(found)
    return lines, wrong


def _line(text: str, number: int) -> Line | Malformed | None:
    if not text or text.startswith("#"):
        return None
    match = _NAME.fullmatch(text)
    if match is None:
        return Malformed(number, "is not NAME=value", "write NAME=value with no blank around the =")
    name, rest = match.groups()
    if rest[:1] in ("'", '"'):
        value = _quoted(rest)
        if value is None:
            mend = "end the value with the quote it begins with, on the same line"
            return Malformed(number, f"has a broken quotation in {name}'s value", mend)
        return Line(name, value, number)
    bare = re.sub(r"[ \t]+#.*", "", rest)
    if re.search(r"[ \t'\"]", bare):
        mend = "put the whole value in single quotes"
        return Malformed(number, f"has a blank or a quote inside {name}'s bare value", mend)
    return Line(name, bare, number)


def _quoted(text: str) -> str | None:
    match = _QUOTED.fullmatch(text)
    if match is None:
        return None
    if match["single"] is not None:
        return match["single"]
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[0]), match["double"])
