"""The first page."""

import re
from html import unescape

import httpx

from server.services import Services
from tests.conftest import Person
from tests.server.pages.forms import interview_of, start


async def test_the_first_page_offers_every_plan_in_the_readers_language(
    reader: httpx.AsyncClient, served: Services
) -> None:
    english = unescape((await reader.get("/")).text)
    spanish = unescape((await reader.get("/", headers={"Accept-Language": "es-CO"})).text)
    for plan in served.library.plans.values():
        assert plan.title["en"] in english
        assert plan.title["es"] in spanish
        assert plan.summary["es"] in spanish
        assert f'href="/plans/{plan.slug}"' in english
        assert f'href="/practise?plan={plan.slug}"' in english
    assert '<html lang="es"' in spanish


async def test_the_first_page_says_that_a_rehearsal_interviewer_asks(reader: httpx.AsyncClient) -> None:
    assert "it does not understand what you mean" in (await reader.get("/")).text
    spanish = await reader.get("/", headers={"Accept-Language": "es"})
    assert "no entiende lo que quieres decir" in spanish.text


async def test_one_press_begins_a_typed_practice_in_the_pages_language(
    reader: httpx.AsyncClient, served: Services, tenant: Person
) -> None:
    answer = await start(reader, "/", reads="es")
    assert answer.status_code == 303
    interview = await interview_of(served, answer)
    assert (interview.language, interview.channel, interview.kind) == ("es", "text", "practice")
    assert interview.plan_slug == "behavioural"
    assert interview.user_id == tenant.user_id
    assert answer.headers["location"].endswith("/room")


async def test_a_page_that_is_read_again_keeps_what_its_address_says(reader: httpx.AsyncClient) -> None:
    text = unescape((await reader.get("/practise?plan=behavioural&theme=dark")).text)
    assert 'href="?plan=behavioural&theme=dark&lang=es"' in text
    assert 'href="?plan=behavioural&theme=light"' in text
    assert re.search(r'<html lang="en" data-theme="dark">', text)
