"""Data as it stands in a prompt: escaped, bounded, between tags that it cannot close."""

import re
import unicodedata
from collections.abc import Iterable

import msgspec

LEFT_OUT = " […] "
"""Stands where a long text was cut."""
_TAG = re.compile(r"[a-z][a-z_]*")


class Block(msgspec.Struct, frozen=True):
    """Markup that is safe to put into a prompt. Made by `element` and `elements` alone."""

    markup: str


def element(tag: str, data: str, *, at_most: int, **attributes: str) -> Block:
    """`<tag attribute="…">data</tag>`, the data escaped and of at most so many characters before that.

    Raises `ValueError` for a tag or an attribute that is not a plain lower-case name.
    """
    for name in (tag, *attributes):
        if not _TAG.fullmatch(name):
            message = f"A tag or attribute is written in lower-case letters, not as {name!r}."
            raise ValueError(message)
    within = "".join(f' {name}="{_quoted(value)}"' for name, value in attributes.items())
    return Block(f"<{tag}{within}>{escaped(cut(visible(data), at_most))}</{tag}>")


def elements(blocks: Iterable[Block]) -> Block:
    """Blocks one below the other."""
    return Block("\n".join(block.markup for block in blocks))


def escaped(data: str) -> str:
    """The data without a character that could open or close a tag."""
    return data.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _quoted(value: str) -> str:
    return escaped(on_one_line(value)).replace('"', "&quot;")


def visible(text: str) -> str:
    """The text as a person would see it: without control, formatting, private and unassigned characters.

    Line breaks and tabs stay. Zero-width characters, direction marks and the invisible letters of the tag block can
    carry words that no reader of the transcript would ever see.
    """
    return "".join(c for c in text.replace("\r\n", "\n") if c in "\n\t" or not unicodedata.category(c).startswith("C"))


def on_one_line(text: str) -> str:
    """The visible text with single spaces between its words, so that none of it can pass for a line of ours."""
    return " ".join(visible(text).split())


def cut(text: str, at_most: int) -> str:
    """The text, or its first two thirds and its end where it is longer; never more than `at_most` characters."""
    if len(text) <= at_most:
        return text
    kept = max(0, at_most - len(LEFT_OUT))
    head = kept - kept // 3
    return (text[:head] + LEFT_OUT + text[len(text) - kept // 3 :])[:at_most]
