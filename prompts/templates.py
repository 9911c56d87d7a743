"""Templates read from Markdown with a strict front matter, and filled by explicit placeholders.

A prompt is one file that says all of it (`name`, `version`, `purpose`, `tier`, `max_tokens`, `effort`, `variables`)
and any number of parts, which say `name`, `part_of`, `purpose` and `variables`. Version and hash are of them all.
"""

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal, cast

import msgspec

from prompts.blocks import Block, escaped

Tier = Literal["fast", "balanced", "powerful"]
Effort = Literal["low", "medium", "high"]

_FOLDER = Path(__file__).parent
_FENCE = "---"
_MAIN = ("name", "version", "purpose", "tier", "max_tokens", "effort", "variables")
_PART = ("name", "part_of", "purpose", "variables")
_FORMS: dict[str, tuple[re.Pattern[str], str]] = {
    "name": (re.compile(r"[a-z]+(?:_[a-z]+)*"), "a name in lower-case letters, as the file's"),
    "part_of": (re.compile(r"[a-z]+(?:_[a-z]+)*"), "the name of the prompt that it is a part of"),
    "version": (re.compile(r"[1-9][0-9]{0,4}"), "a whole number from 1"),
    "purpose": (re.compile(r"\S.*"), "a sentence"),
    "tier": (re.compile("fast|balanced|powerful"), "fast, balanced or powerful"),
    "max_tokens": (re.compile(r"[1-9][0-9]{0,4}"), "a whole number from 1 to 99999"),
    "effort": (re.compile("low|medium|high"), "low, medium or high"),
    "variables": (
        re.compile(r"(?:[a-z_]+(?:, [a-z_]+)*)?"),
        "names with a comma and a space between, or nothing",
    ),
}
_PLACEHOLDER = re.compile(r"\{\{([a-z_]+)\}\}")
_BRACES = re.compile(r"\{\{|\}\}")


class PromptError(Exception):
    """A template cannot be read: the file, its line (from 1; None, the whole file), what is wrong, and the mend."""

    def __init__(self, path: Path, line: int | None, problem: str, mend: str) -> None:
        self.path = path
        self.line = line
        place = path.name if line is None else f"{path.name}, line {line}"
        super().__init__(f"{place}: {problem}. {mend}")


class Template(msgspec.Struct, frozen=True):
    """One file: its front matter as written, and its text."""

    path: str
    keys: dict[str, str]
    text: str

    @property
    def name(self) -> str:
        return self.keys["name"]

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(self.keys["variables"].split(", ")) if self.keys["variables"] else ()

    def render(self, values: Mapping[str, str | Block]) -> str:
        """The text with every placeholder filled in one pass: what is filled in is never read again.

        A text is escaped; a block is escaped already. Raises `KeyError` unless the values are those declared.
        """
        if set(values) != set(self.variables):
            message = f"{self.name} takes {sorted(self.variables)}, not {sorted(values)}."
            raise KeyError(message)

        def filled(found: re.Match[str]) -> str:
            value = values[found[1]]
            return value.markup if isinstance(value, Block) else escaped(value)

        return _PLACEHOLDER.sub(filled, self.text)

    @property
    def own_words(self) -> str:
        """The text without its placeholders: what must never be spoken."""
        return _PLACEHOLDER.sub(" ", self.text)


class Prompt(msgspec.Struct, frozen=True):
    """A template with its parts. `digest` is SHA-256 (64 hexadecimal digits) of all their bytes."""

    main: Template
    parts: dict[str, Template]
    digest: str

    @property
    def name(self) -> str:
        return self.main.name

    @property
    def version(self) -> str:
        return self.main.keys["version"]

    @property
    def tier(self) -> Tier:
        return cast(Tier, self.main.keys["tier"])

    @property
    def effort(self) -> Effort:
        return cast(Effort, self.main.keys["effort"])

    @property
    def max_tokens(self) -> int:
        return int(self.main.keys["max_tokens"])

    def part(self, name: str) -> Template:
        """The part of that name; raises `KeyError`."""
        return self.parts[name]

    @property
    def own_words(self) -> str:
        """All that its templates say by themselves."""
        return "\n".join(template.own_words for template in (self.main, *self.parts.values()))


@cache
def load_prompt(name: str, folder: Path = _FOLDER) -> Prompt:
    """`name.md` and the parts that name it, read once. Raises `PromptError`."""
    main = read_template(folder / f"{name}.md")
    if "part_of" in main.keys:
        raise PromptError(folder / f"{name}.md", None, "this is a part, not a prompt", "Load the one it is a part of.")
    others = (read_template(path) for path in sorted(folder.glob("*.md")) if path.stem != name)
    parts = {template.name: template for template in others if template.keys.get("part_of") == name}
    digest = hashlib.sha256()
    for template in (main, *parts.values()):
        digest.update(msgspec.json.encode((template.keys, template.text)))
    return Prompt(main, parts, digest.hexdigest())


def read_template(path: Path) -> Template:
    """The template in a file; raises `PromptError` where a key, a value or a placeholder is wrong."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(path, None, "the file cannot be read as UTF-8 text", "Check its name.") from error
    if not lines or lines[0] != _FENCE or _FENCE not in lines[1:]:
        raise PromptError(path, 1, "a front matter between two lines of `---` is missing", "Begin with `---`.")
    end = lines.index(_FENCE, 1)
    keys = _keys(path, lines[1:end])
    template = Template(str(path), keys, "\n".join(lines[end + 1 :]).strip() + "\n")
    _refuse_other_placeholders(path, lines, end, template)
    return template


def _keys(path: Path, lines: list[str]) -> dict[str, str]:
    """The front matter; its first line is the file's second."""
    keys: dict[str, str] = {}
    wanted = _PART if any(line.startswith("part_of:") for line in lines) else _MAIN
    for number, line in enumerate(lines, start=2):
        key, colon, value = line.partition(":")
        value = value.strip()
        if not colon or key not in wanted:
            raise PromptError(path, number, f"`{line}` is not known here", f"Known are {', '.join(wanted)}.")
        if key in keys:
            raise PromptError(path, number, f"`{key}` is here a second time", "Keep one of the two.")
        form, meaning = _FORMS[key]
        if not form.fullmatch(value):
            raise PromptError(path, number, f"`{key}` is `{value}`", f"It is {meaning}.")
        keys[key] = value
        if key == "name" and value != path.stem:
            raise PromptError(path, number, f"`{value}` is not the file's name", f"Write `name: {path.stem}`.")
    for key in wanted:
        if key not in keys:
            raise PromptError(path, len(lines) + 2, f"`{key}` is missing", f"Add it: {_FORMS[key][1]}.")
    return keys


def _refuse_other_placeholders(path: Path, lines: list[str], end: int, template: Template) -> None:
    """Raises unless the placeholders of the text are just the variables declared."""
    declared = template.variables
    for number, line in enumerate(lines[end + 1 :], start=end + 2):
        for name in _PLACEHOLDER.findall(line):
            if name not in declared:
                raise PromptError(path, number, f"`{name}` is not declared", "Add it to `variables`.")
        if _BRACES.search(_PLACEHOLDER.sub("", line)):
            raise PromptError(path, number, "there are braces here that hold no name", "Write `{{name}}`.")
    used = _PLACEHOLDER.findall(template.text)
    declaring = next(number for number, line in enumerate(lines, start=1) if line.startswith("variables:"))
    for name in declared:
        if name not in used:
            raise PromptError(path, declaring, f"`{name}` is declared and not used", "Take it out of `variables`.")
    if len(set(declared)) != len(declared):
        raise PromptError(path, declaring, "a variable is declared twice", "Name each once.")
