"""The device check as the server draws it."""

from html import unescape

import httpx

from server.pages.texts import texts_in
from server.services import Services
from storage import interviews
from tests.server.pages.forms import interview_of, start

SET_UP = "/practise?plan=behavioural"


async def test_it_says_who_hears_what_is_kept_and_that_consent_comes_first(reader: httpx.AsyncClient) -> None:
    answer = await start(reader, SET_UP, channel="voice")
    text = unescape((await reader.get(answer.headers["location"])).text)
    t = texts_in("en")
    for key in ("check.vendor_any", "check.kept_words", "check.kept_no_sound", "check.consent"):
        assert t(key) in text


async def test_the_voice_is_tried_in_the_interviews_language_and_not_in_the_pages(reader: httpx.AsyncClient) -> None:
    answer = await start(reader, SET_UP, channel="voice", language="es")
    text = unescape((await reader.get(answer.headers["location"], headers={"Accept-Language": "en"})).text)
    assert texts_in("es")("check.sample") in text
    assert texts_in("en")("check.title") in text


async def test_both_ways_lead_into_the_room(reader: httpx.AsyncClient, served: Services) -> None:
    answer = await start(reader, SET_UP, channel="voice")
    interview = await interview_of(served, answer)
    text = (await reader.get(answer.headers["location"])).text
    assert f'href="/interviews/{interview.id}/room"' in text
    assert f'href="/interviews/{interview.id}/room?typing=1"' in text


async def test_an_interview_that_is_over_leads_to_its_report(reader: httpx.AsyncClient, served: Services) -> None:
    answer = await start(reader, SET_UP, channel="voice")
    interview = await interview_of(served, answer)
    async with served.database.tenant(served.local_owner.tenant_id) as connection:
        await interviews.set_status(connection, interview.id, "abandoned", served.now())
    again = await reader.get(answer.headers["location"])
    assert (again.status_code, again.headers["location"]) == (303, f"/interviews/{interview.id}")


async def test_an_interview_that_is_not_there_is_said(reader: httpx.AsyncClient) -> None:
    assert (await reader.get("/interviews/0199f3c4-5a2e-7b31-8c44-1f2e3d4c5b6a/check")).status_code == 404
    assert (await reader.get("/interviews/nonsense/check")).status_code == 404
