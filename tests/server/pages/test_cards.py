"""The model cards: one for every scorer there is, readable in both languages, and nothing in them is obeyed."""

import re
from html import unescape

import httpx
import pytest

from agents.judges import judging
from agents.rehearsal import scorer as rehearsal
from server.pages import cards
from server.pages.cards import card_address
from server.pages.texts import LANGUAGES

CURRENT = (rehearsal.VERSION, judging.VERSION)
"""What scores are signed with now."""
SECTIONS = (
    "What it is for",
    "What it reads",
    "What it never gets",
    "How well it agrees",
    "Fairness",
    "Limits",
    "Since version",
)


@pytest.mark.parametrize("version", CURRENT)
async def test_every_scorer_that_scores_has_its_card(reader: httpx.AsyncClient, version: str) -> None:
    address = card_address(version)
    assert address is not None
    answer = await reader.get(address)
    assert answer.status_code == 200
    headings = re.findall(r"<h2>(.*?)</h2>", answer.text)
    assert [any(heading.startswith(section) for heading in headings) for section in SECTIONS] == [True] * len(SECTIONS)
    assert answer.text.count("<h1>") == 1


@pytest.mark.parametrize("version", CURRENT)
async def test_a_card_says_who_wrote_the_sets(reader: httpx.AsyncClient, version: str) -> None:
    text = unescape((await reader.get(card_address(version) or "")).text)
    assert "no grades of human examiners of real candidates" in " ".join(text.split())


async def test_the_list_leads_to_every_card(reader: httpx.AsyncClient) -> None:
    text = (await reader.get("/scorers")).text
    addresses = re.findall(r'href="(/scorers/[a-z0-9-]+)"', text)
    assert len(addresses) == len(cards.cards()) >= 2
    for address in addresses:
        assert (await reader.get(address)).status_code == 200


async def test_a_table_can_be_scrolled_by_keyboard_and_has_a_name(reader: httpx.AsyncClient) -> None:
    text = (await reader.get(card_address(rehearsal.VERSION) or "")).text
    assert text.count("<table>") == text.count('<div class="table" tabindex="0" role="region" aria-label="') >= 2
    assert 'aria-label=""' not in text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_frame_is_in_the_readers_language_and_the_card_in_its_own(
    reader: httpx.AsyncClient, language: str
) -> None:
    text = (await reader.get(f"/scorers/rehearsal-scorer-2?lang={language}")).text
    assert f'<html lang="{language}"' in text
    assert '<article lang="en">' in text


@pytest.mark.parametrize("name", ["nothing", "rehearsal-scorer-99", "..%2F..%2Fetc%2Fpasswd", "README"])
async def test_an_unknown_card_is_not_found(reader: httpx.AsyncClient, name: str) -> None:
    assert (await reader.get(f"/scorers/{name}")).status_code == 404


@pytest.mark.parametrize("version", ["rehearsal-scorer/1", "", "<script>", "somebody else", "model-scorer"])
def test_a_version_without_a_card_has_no_address(version: str) -> None:
    assert card_address(version) is None


def test_every_judge_of_a_panel_has_the_card_of_their_scorer() -> None:
    assert card_address(f"{judging.VERSION} judge-2") == card_address(judging.VERSION) == "/scorers/model-scorer-2"


def test_what_is_written_in_a_card_is_shown_and_not_obeyed() -> None:
    drawn = cards._markup("## A heading\n\n<script>alert(1)</script>\n\n| a |\n|---|\n| <b>x</b> |\n")
    assert "<script>" not in drawn
    assert "<b>" not in drawn
    assert 'aria-label="A heading"' in drawn


def test_no_figure_is_left_to_be_filled_in() -> None:
    for path in cards.FOLDER.glob("*.md"):
        text = path.read_text("utf-8")
        assert not re.search(r"\b(?:TODO|TBD|XXX|to be (?:measured|filled))\b|\?\?|\.\.\.", text), path.name
