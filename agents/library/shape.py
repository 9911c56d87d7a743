"""A document as a struct, and msgspec's complaints about its shape as ours, at the line they speak of."""

import re
from typing import TypeVar

import msgspec
from msgspec import inspect

from agents.library.checks import meant
from agents.library.document import At, Document, LibraryError, Node

T = TypeVar("T", bound=msgspec.Struct)

_PLACE = re.compile(r" - at (?P<key>`key` in )?`\$(?P<path>[^`]*)`$")
_STEP = re.compile(r"\.\w+|\[\d+\]|\[\.\.\.\]")
_KINDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "nothing",
    "array": "a list",
    "object": "`name: value` lines",
}


def converted(document: Document, kind: type[T]) -> T:
    """The document as that struct; raises `LibraryError` where its shape is another."""
    try:
        return msgspec.convert(document.root.value(), kind)
    except msgspec.ValidationError as error:
        raise _shape_error(document, kind, str(error)) from error


def _shape_error(document: Document, kind: type[msgspec.Struct], message: str) -> LibraryError:
    place = _PLACE.search(message)
    said = message[: place.start()] if place else message
    got = found.group(1) if (found := re.search(r"got `?(\w+)`?$", said)) else ""
    words = re.findall(r"[`'](.*?)[`']", said)
    word = words[0] if words else ""
    at = _where(document.root, place["path"] if place else "", got)
    expected = _type_at(inspect.type_info(kind), at)
    if said.startswith("Invalid enum value"):
        where = (*at, word) if place and place["key"] else at
        return document.error(where, f"`{word}` is not known here", meant(word, _names(expected))["en"])
    if "unknown field" in said:
        return document.error((*at, word), "this name is not known here", meant(word, _names(expected))["en"])
    if "missing required field" in said:
        return document.error(at, f"`{word}` is missing", f"Add a line `{word}:` here.")
    if length := re.search(r"of length (\d+)", said):
        mend = "Write one for each level, from 1 to 5." if at[-1:] == ("anchors",) else "Add or take out some."
        return document.error(at, f"{length.group(1)} items belong here, and there are {got}", mend)
    if word not in _KINDS:
        return document.error(at, said, "Compare it with a plan that comes with Viva.")
    problem = f"{_KINDS[word]} belongs here, and this is {_KINDS.get(got, 'something else')}"
    quotes = word == "str" and got in {"int", "float", "bool"}
    return document.error(at, problem, "Put quotes around it." if quotes else f"Write {_KINDS[word]}.")


def _where(root: Node, path: str, got: str) -> At:
    """msgspec's path as ours; where it writes `[...]` for a mapping's value, the first that is what it got."""

    def search(node: Node, left: list[str], at: At) -> At | None:
        if not left:
            return at if got not in _KINDS or _kind(node) == got else None
        name = left[0].strip(".[]")
        keys: list[str | int] = [int(name) if name.isdigit() else name] if name else list(node.children)
        for key in keys:
            child = node.children.get(key)
            found = search(child, left[1:], (*at, key)) if child else None
            if found is not None:
                return found
        return None

    return search(root, _STEP.findall(path), ()) or ()


def _kind(node: Node) -> str:
    if node.kind == "scalar":
        return "null" if node.scalar is None else type(node.scalar).__name__
    return "object" if node.kind == "mapping" else "array"


def _type_at(kind: inspect.Type, at: At) -> inspect.Type:
    for step in at:
        if isinstance(kind, inspect.StructType):
            kind = next(item.type for item in kind.fields if item.encode_name == step)
        elif isinstance(kind, inspect.TupleType):
            kind = kind.item_types[int(step)]
        elif isinstance(kind, inspect.VarTupleType):
            kind = kind.item_type
        elif isinstance(kind, inspect.DictType):
            kind = kind.value_type
    return kind


def _names(kind: inspect.Type) -> list[str]:
    """What may be written there: a struct's fields, a mapping's keys, or the values themselves."""
    if isinstance(kind, inspect.StructType):
        return [item.encode_name for item in kind.fields]
    if isinstance(kind, inspect.DictType):
        kind = kind.key_type
    return [str(value) for value in kind.values] if isinstance(kind, inspect.LiteralType) else []
