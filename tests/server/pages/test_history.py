"""The search among my interviews."""

import re
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest

from server.services import Services
from tests.agents.sitting import PLAN
from tests.server.pages.held import becomes, opened

HTMX = {"HX-Request": "true"}


def shown(text: str) -> list[str]:
    return re.findall(r'class="act" href="/interviews/([0-9a-f-]{36})', text)


@pytest.fixture
async def made(served: Services) -> dict[str, UUID]:
    """Three interviews, the latest last."""
    completed = await opened(served, "es")
    await becomes(served, completed, "in_progress", "completed")
    under_way = await opened(served, "en", "backend-engineer")
    await becomes(served, under_way, "in_progress")
    return {"completed": completed, "under_way": under_way, "created": await opened(served)}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["created", "under_way", "completed"]),
        ("status=open", ["created", "under_way"]),
        ("status=completed", ["completed"]),
        ("language=es", ["completed"]),
        ("plan=backend-engineer", ["under_way"]),
        ("plan=behavioural&status=open", ["created"]),
        ("q=BACKEND", ["under_way"]),
        ("q=ingenieria", ["under_way"]),
        (f"q={quote(PLAN.title['es'])}&language=es", ["completed"]),
        ("q=nowhere", []),
        ("status=lost&language=fr&plan=none", ["created", "under_way", "completed"]),
    ],
)
async def test_the_address_says_what_is_shown(
    reader: httpx.AsyncClient, made: dict[str, UUID], query: str, found: list[str]
) -> None:
    answer = await reader.get(f"/interviews?{query}")
    assert answer.status_code == 200
    assert shown(answer.text) == [str(made[name]) for name in found]
    assert ("No interview fits all of this" in answer.text) == (not found)


async def test_the_form_keeps_what_was_asked(reader: httpx.AsyncClient, made: dict[str, UUID]) -> None:
    text = (await reader.get('/interviews?q="><i>&status=open&language=es&plan=behavioural')).text
    assert 'value="&#34;&gt;&lt;i&gt;"' in text
    for value in ("open", "es", "behavioural"):
        assert f'<option value="{value}" selected>' in text
    assert "<i>" not in text.replace("<i></i>", "")


async def test_a_script_gets_what_was_found_alone_and_the_way_back_the_whole_page(
    reader: httpx.AsyncClient, made: dict[str, UUID]
) -> None:
    part = (await reader.get("/interviews?status=open", headers=HTMX)).text
    assert "<html" not in part
    assert part.count('id="found"') == 1
    assert shown(part) == [str(made["created"]), str(made["under_way"])]
    back = await reader.get("/interviews?status=open", headers={**HTMX, "HX-History-Restore-Request": "true"})
    assert "<html" in back.text


async def test_older_interviews_are_those_of_the_same_search(reader: httpx.AsyncClient, served: Services) -> None:
    made = [str(await opened(served)) for _ in range(22)]
    await opened(served, "es")
    first = (await reader.get("/interviews?language=en&q=behavioural")).text
    assert shown(first) == made[::-1][:20]
    older = re.search(r'href="(/interviews\?[^"]*cursor=[^"]+)"', first)
    assert older
    second = (await reader.get(older[1].replace("&amp;", "&"))).text
    assert shown(second) == made[::-1][20:]
    assert 'href="/interviews?q=behavioural&amp;language=en"' in second
