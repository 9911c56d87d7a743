"""Rules that say which words around a word show that it tells who is speaking, as the lexicons write them.

A rule reads `i'm/i_am only? [ {age} years_old? ] !percent => [age]`: words one after the other, with fillers between
them or not. `/` parts alternatives, `_` joins the words of one, `?` marks what may be missing, `^` what is to the
letter; small and capital letters are otherwise the same, and a text is matched without its accents. `{age}` is one of
the classes in rules.py. What stands between `[` and `]` is taken out, and the label behind `=>` stands for it. `!` says
what must not follow, `=` what must; a mark of punctuation among what must follow stands for any, and for the end.
"""

import re
from collections.abc import Callable, Iterable, Mapping

import msgspec

_FIRST = re.compile(r"[^\W_]+")
_STOP = r"\s*(?:[.,;:!?…)]|$)"
NUMBER = "#"
"""What a rule is filed under that may begin with a number in digits."""
CAPITAL = "^"
"""What a rule is filed under that may begin with any word in capitals."""

Check = Callable[[str, int, int], int | None]
"""Looks at what a class matched, characters of the plain text: where it ends in truth, None where it is none."""


class Class(msgspec.Struct, frozen=True):
    """What one `{class}` matches, and the words that it may begin with."""

    pattern: str
    firsts: frozenset[str]
    is_optional: bool = False
    check: Check | None = None


class Rule(msgspec.Struct, frozen=True):
    """One rule, as it is matched at the beginning of a word."""

    pattern: re.Pattern[str]
    label: str
    firsts: frozenset[str]
    checks: tuple[tuple[str, Check], ...]
    groups: tuple[str, ...]
    """Names of the groups that are taken out."""

    def spans(self, text: str, at: int) -> list[tuple[int, int]]:
        """What the rule takes out of a plain text where it begins `at`; nothing where it does not hold."""
        match = self.pattern.match(text, at)
        if match is None:
            return []
        ends: dict[int, int] = {}
        for name, check in self.checks:
            start, end = match.span(name)
            if start < 0:
                continue
            found = check(text, start, end)
            if found is None:
                return []
            ends[end] = found
        spans = (match.span(name) for name in self.groups)
        return [(start, ends.get(end, end)) for start, end in spans]


def literal(word: str) -> str:
    """The pattern of a word or of several joined by `_`, in either case."""
    if word.startswith("^"):
        return re.escape(word[1:]) + r"(?!\w)"
    spelled = "[ -]+".join(re.escape(part) for part in word.split("_"))
    return spelled + (r"(?!\w)" if word[-1].isalnum() else "")


def one_of(words: Iterable[str]) -> str:
    """The pattern of any of these words, the longest first."""
    held = sorted(set(words), key=lambda word: (-len(word), word))
    exact = [literal(word) for word in held if word.startswith("^")]
    either = [literal(word) for word in held if not word.startswith("^")]
    return "(?:" + "|".join([*exact, *([f"(?i:{'|'.join(either)})"] if either else [])]) + ")"


def class_of(words: Iterable[str]) -> Class:
    held = list(words)
    return Class(one_of(held), frozenset(_first_of(word) for word in held))


def gap_with(fillers: Iterable[str]) -> str:
    """The pattern of what stands between two words of a rule."""
    return rf"(?:,?\s+[(\"“]?(?:{one_of(fillers)},?\s+)*|-)"


def rule(line: str, classes: Mapping[str, Class], gap: str) -> Rule:
    """The rule of a line. Raises `KeyError` for a class that there is none of, `ValueError` where there is no label."""
    written, label = line.split(" => ")
    parts: list[str] = []
    firsts: set[str] = set()
    checks: list[tuple[str, Check]] = []
    groups: list[str] = []
    begins = True
    is_joined = True
    group = ""
    for token in written.split():
        if token == "[":  # noqa: S105 - a bracket of the pattern, no secret
            groups.append(f"taken{len(groups)}")
            group = f"(?P<{groups[-1]}>"
        elif token == "]":  # noqa: S105 - as above
            parts.append(")")
        elif token[0] in "!=":
            parts.append(_lookahead(token, classes, gap))
        else:
            found, is_optional = _element(token, classes)
            pattern = found.pattern
            if found.check is not None:
                checks.append((token.strip("{}?"), found.check))
                pattern = f"(?P<{checks[-1][0]}>{pattern})"
            if begins:
                firsts |= found.firsts
                begins = is_optional
            if is_optional and (group or is_joined):
                # The gap stands behind what may be missing, so that the group begins with a word.
                parts.append(f"{'' if is_joined else gap}{group}(?:{pattern}{gap})?")
                is_joined = True
            elif is_optional:
                parts.append(f"(?:{gap}{pattern})?")
            else:
                parts.append(f"{'' if is_joined else gap}{group}{pattern}")
                is_joined = False
            group = ""
    return Rule(re.compile("".join(parts)), label, frozenset(firsts), tuple(checks), tuple(groups))


def _element(token: str, classes: Mapping[str, Class]) -> tuple[Class, bool]:
    bare = token.removesuffix("?")
    if bare.startswith("{"):
        found = classes[bare[1:-1]]
        return found, found.is_optional or bare != token
    return class_of(bare.split("/")), bare != token


def _lookahead(token: str, classes: Mapping[str, Class], gap: str) -> str:
    sign = "!" if token[0] == "!" else "="
    words = token[1:].split("/")
    choices = [classes[word[1:-1]].pattern for word in words if word[0] == "{"]
    spelled = [word for word in words if word[0].isalnum()]
    after = [f"{gap}{choice}" for choice in [*choices, *([one_of(spelled)] if spelled else [])]]
    if any(word in {".", ","} for word in words):
        after.append(_STOP)
    if "percent" in words:
        after.append(r"\s*%")
    return f"(?{sign}{'|'.join(after)})"


def _first_of(word: str) -> str:
    match = _FIRST.search(word)
    return match.group().lower() if match else ""
