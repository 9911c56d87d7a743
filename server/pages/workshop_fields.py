"""The workshop's form as browsers send it. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from server.pages.workshop_form import PlanForm, UnreadableForm, complete

MOST_FIELDS = 8_000

_NAME = re.compile(r"[a-z_]{1,30}(?:\.(?:[a-z_]{1,30}|\d{1,3})){0,6}")


def read_fields(body: bytes) -> list[tuple[str, str]]:
    """The fields of a form as browsers send it. Raises UnreadableForm."""
    try:
        return parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise UnreadableForm from None


def form_of_fields(fields: Iterable[tuple[str, str]]) -> PlanForm:
    """The form as it was sent; names that are none of its are passed over. Raises UnreadableForm."""
    root: dict[str, Any] = {}
    languages = []
    for name, value in fields:
        if name == "languages":
            languages.append(value)
        elif _NAME.fullmatch(name):
            _put(root, name.split("."), _typed(value, is_list=".cues." in name))
    try:
        form = msgspec.convert(_listed(root) | {"languages": languages}, PlanForm)
    except msgspec.ValidationError:
        raise UnreadableForm from None
    complete(form)
    return form


def _put(into: dict[str, Any], path: Sequence[str], value: str) -> None:
    for step in path[:-1]:
        inner = into.setdefault(step, {})
        if not isinstance(inner, dict):
            raise UnreadableForm
        into = inner
    into[path[-1]] = value


def _listed(value: Any) -> Any:
    """Where all keys are numbers it is a list, in their order."""
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(each) for name, each in value.items()}
    if inner and all(name.isdecimal() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


def _typed(value: str, *, is_list: bool) -> str:
    """A typed text: the same letters however they were typed, and on one line unless it is a list."""
    text = unicodedata.normalize("NFC", value).replace("\r\n", "\n").replace("\u00a0", " ").replace("\t", " ")
    return text if is_list else re.sub(r" *\n\s*", " ", text).strip()
