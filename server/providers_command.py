"""What `viva providers` prints: how each configured account stands with its provider. Keys are never shown."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import msgspec
from rich.console import Console, ConsoleRenderable
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from agents.providers.checking import Check

NONE_CONFIGURED = (
    "No provider is configured: the rehearsal interviewer writes and scores, and the browser hears and speaks. "
    "`viva settings` lists the keys that can be set."
)
_SERVICES = {"llm": "writing", "stt": "hearing", "tts": "voice", "embedding": "embeddings"}
_STATES = {
    "ok": "works",
    "key_refused": "key refused",
    "quota_spent": "no credit left",
    "busy": "busy",
    "unreachable": "unreachable",
    "timed_out": "timed out",
    "broke_off": "broke off",
    "garbage": "not understood",
    "refused": "refused",
}


def status(checks: "Sequence[Check]") -> Literal[0, 1]:
    """The command's exit status: 1 where an account does not work."""
    return 0 if all(each.cause == "ok" for each in checks) else 1


def as_json(checks: "Sequence[Check]") -> str:
    """One JSON array; every account with all that it offers, in the order in which it is tried."""
    return msgspec.json.encode(checks).decode()


def show(checks: "Sequence[Check]", console: Console, *, with_models: bool = False, with_voices: bool = False) -> None:
    """Prints a table of the accounts, in the order in which they are tried, and what each offers where asked for."""
    if not checks:
        console.print(NONE_CONFIGURED)
        return
    for part in _parts(checks, with_models=with_models, with_voices=with_voices):
        console.print(part)


def _parts(checks: "Sequence[Check]", *, with_models: bool, with_voices: bool) -> Iterator[ConsoleRenderable]:
    yield _table(
        ("service", "provider", "model", "state", "what to do"),
        ((_SERVICES[each.service], each.provider, each.model, _STATES[each.cause], each.advice) for each in checks),
    )
    for each in checks:
        title = f"\n{_SERVICES[each.service]}, {each.provider}"
        if with_models and each.models:
            yield Text(f"{title}: models", style="bold")
            yield _table(("name",), ((name,) for name in sorted(each.models)))
        elif with_models and each.cause == "ok":
            yield Text(f"{title}: lists no models", style="bold")
        if with_voices and each.voices:
            yield Text(f"{title}: voices", style="bold")
            yield _table(("id", "name"), ((voice.id, voice.name) for voice in each.voices))


def _table(headings: Sequence[str], rows: Iterator[tuple[str, ...]]) -> Table:
    table = Table(*headings, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(_printable(cell), overflow="fold") for cell in row))
    return table


def _printable(words: str) -> str:
    """Without what a terminal would obey: names of models and voices come from outside."""
    return "".join(c if c.isprintable() else "�" for c in words)
