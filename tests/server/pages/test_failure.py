"""The pages that say what went wrong."""

from html import unescape
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request

from server.pages import rendering
from server.pages.assets import PagesNotBuilt
from server.pages.failure import render_error
from server.pages.texts import texts_in

NASTY = '"><script>alert(1)</script>'
REFERENCE = "0199f3c4-5a2e-7b31-8c44-1f2e3d4c5b6a"
KNOWN = (400, 403, 404, 405, 409, 410, 500, 503)


def asked(language: str = "en") -> Request:
    headers = [(b"accept-language", language.encode())]
    return Request({"type": "http", "method": "GET", "path": "/x", "query_string": b"", "headers": headers})


def shown(status: int, language: str = "en", title: str = "Title", detail: str = "Detail.") -> str:
    answer = render_error(asked(language), status, title, detail, REFERENCE)
    assert answer.status_code == status
    return unescape(bytes(answer.body).decode())


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("status", KNOWN)
def test_what_a_reader_meets_is_said_in_their_language_with_a_way_on_and_the_reference(
    status: int, language: str
) -> None:
    t = texts_in("es" if language == "es" else "en")
    text = shown(status, language)
    assert t(f"error.title_{status}") in text
    assert t(f"error.detail_{status}") in text
    assert REFERENCE in text
    assert 'href="/"' in text


def test_anything_else_keeps_its_own_words_and_says_that_they_are_english() -> None:
    text = shown(415, "es", "The body is not JSON", "Send it as JSON.")
    assert '<h1 lang="en">The body is not JSON</h1>' in text
    assert "Send it as JSON." in text


def test_only_what_passes_comes_back_by_itself() -> None:
    assert 'data-waits="/readyz"' in shown(503)
    assert "tries again by itself" in shown(503)
    for status in (404, 410, 500):
        assert "data-waits" not in shown(status)


async def test_an_address_that_leads_nowhere_is_a_page(reader: httpx.AsyncClient) -> None:
    answer = await reader.get("/nowhere", headers={"Accept-Language": "es"})
    assert answer.status_code == 404
    assert "Aquí no hay nada" in answer.text
    assert answer.headers["x-request-id"] in answer.text


async def test_a_host_that_is_not_ours_is_told_so(reader: httpx.AsyncClient) -> None:
    answer = await reader.get("/", headers={"Host": "elsewhere.example"})
    assert answer.status_code == 403
    assert "That was not carried out" in answer.text


def test_the_error_page_is_there_even_when_the_pages_are_not_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(rendering.ASSETS, "_manifest", tmp_path / "manifest.json")
    told = PagesNotBuilt()
    answer = render_error(asked(), told.status, told.title, told.sentence, NASTY)
    text = bytes(answer.body).decode()
    assert answer.status_code == 503
    assert "Run `make pages`" in text
    assert "<script>" not in text
