"""What each scorer is, for whoever is judged by it: the model cards of `model_cards/` as pages."""

import re
from functools import cache
from itertools import pairwise
from pathlib import Path

import msgspec
from markdown_it import MarkdownIt
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response

from server.errors import NoSuchAddress
from server.pages.rendering import page

FOLDER = Path(__file__).with_name("model_cards")
_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_TABLE = re.compile("<table>")
_REGION = '<div class="table" tabindex="0" role="region" aria-label="{name}">\n<table>'
_VERSION = re.compile(r"[a-z-]+/\d+")


class Card(msgspec.Struct, frozen=True):
    """One scorer's card, in English. `body` is markup."""

    name: str
    """As it stands in the address, such as `rehearsal-scorer-2`."""
    title: str
    lead: str
    body: str


async def scorers(request: Request) -> Response:
    """`GET /scorers`: every scorer version that has a card, the latest of each first."""
    return page(request, "scorers.html", cards=cards())


async def scorer(request: Request) -> Response:
    """`GET /scorers/{name}`. Raises NoSuchAddress."""
    card = next((card for card in cards() if card.name == request.path_params["name"]), None)
    if card is None:
        raise NoSuchAddress
    return page(request, "scorer.html", card=card, body=Markup(card.body))  # noqa: S704


def card_address(version: str) -> str | None:
    """Where the card of a scorer stands, by the version that its scores are signed with; None where there is none.

    A version names prompts and judges besides: `model-scorer/2 score/2 balanced panel` has the card of its scorer.
    """
    match = _VERSION.match(version)
    name = match.group().replace("/", "-") if match else ""
    return f"/scorers/{name}" if any(card.name == name for card in cards()) else None


@cache
def cards() -> tuple[Card, ...]:
    """Every card there is, read once."""
    return tuple(_card(path) for path in sorted(FOLDER.glob("*.md"), reverse=True))


def _card(path: Path) -> Card:
    written = _COMMENT.sub("", path.read_text("utf-8"))
    title, lead, body = written.split("\n\n", 2)
    return Card(path.stem, title.removeprefix("# ").strip(), " ".join(lead.split()), _markup(body))


def _markup(written: str) -> str:
    """Markdown as markup. HTML in it is shown and not obeyed.

    A table stands in a region that scrolls by itself, by keyboard too, and is named by the heading before it.
    """
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(written)
    names: list[str] = []
    heading = ""
    for token, following in pairwise(tokens):
        if token.type == "heading_open":
            heading = following.content
        elif token.type == "table_open":
            names.append(heading)
    markup = str(reader.renderer.render(tokens, reader.options, {}))
    left = iter(names)
    return _TABLE.sub(lambda _: _REGION.format(name=escape(next(left))), markup).replace("</table>", "</table>\n</div>")
