"""What a browser keeps for when the server is away."""

import re

import httpx

from server.pages.assets import STATIC
from server.pages.texts import LANGUAGES, texts_in


async def test_the_page_for_bad_times_is_in_the_language_of_its_address_and_sets_no_cookie(
    reader: httpx.AsyncClient,
) -> None:
    for language in LANGUAGES:
        answer = await reader.get(f"/offline/{language}", headers={"Accept-Language": "en"})
        assert texts_in(language)("offline.title") in answer.text
        assert f'<html lang="{language}"' in answer.text
        assert answer.headers["content-language"] == language
        assert "set-cookie" not in answer.headers
    assert (await reader.get("/offline/xx")).status_code == 404


async def test_the_worker_stands_before_every_page_and_needs_no_other_file(reader: httpx.AsyncClient) -> None:
    answer = await reader.get("/worker.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    # It is run as a classic script, in which these are errors.
    assert not re.search(r"^\s*(?:import|export)\b", answer.text, re.MULTILINE)
    for language in LANGUAGES:
        assert f'"{language}"' in answer.text or f"`{language}`" in answer.text


async def test_what_the_page_is_drawn_with_never_changes_under_its_name(reader: httpx.AsyncClient) -> None:
    text = (await reader.get("/offline/en")).text
    files = re.findall(r'(?:src|href)="(/static/built/[^"]+)"', text)
    assert files
    for file in files:
        assert (STATIC / file.removeprefix("/static/")).exists()
        assert "immutable" in (await reader.get(file)).headers["cache-control"]
