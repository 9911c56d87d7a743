"""The set-up of a practice."""

from html import unescape

import httpx
import msgspec
import pytest

from agents.events import InterviewCreated
from agents.log import from_record
from agents.opening import DurationError, Wish, created
from agents.plans import Plan
from server.pages.plan_cards import plan_card
from server.services import Services
from storage import events, plans
from tests.server.pages.forms import fields_of, interview_of, start
from tests.server.serving import HERE

SET_UP = "/practise?plan=backend-engineer"
NASTY = '"><script>alert(1)</script>'


async def test_without_a_plan_all_of_them_are_offered(reader: httpx.AsyncClient, served: Services) -> None:
    text = (await reader.get("/practise")).text
    for slug in served.library.plans:
        assert f'href="/practise?plan={slug}"' in text


async def test_the_set_up_shows_what_the_plan_looks_at_and_how_hard_it_is(
    reader: httpx.AsyncClient, served: Services
) -> None:
    plan = served.library.plans["backend-engineer"]
    rubric = served.library.rubrics[plan.rubric]
    text = unescape((await reader.get(SET_UP, headers={"Accept-Language": "es"})).text)
    for question in plan.questions:
        competency = rubric.competency(question.competency)
        assert competency.name["es"] in text
        assert competency.definition["es"] in text
    assert "dificultad media" in text


async def test_what_was_set_up_is_what_the_interview_is(reader: httpx.AsyncClient, served: Services) -> None:
    answer = await start(reader, SET_UP, language="es", patience="long", minutes="21")
    assert answer.status_code == 303
    interview = await interview_of(served, answer)
    assert (interview.plan_slug, interview.language, interview.channel) == ("backend-engineer", "es", "text")
    assert interview.target_duration_minutes == 21
    async with served.database.tenant(served.local_owner.tenant_id) as connection:
        log = [from_record(record) for record in await events.events_after(connection, interview.id)]
    first = log[0].payload
    assert isinstance(first, InterviewCreated)
    assert first.patience == "long"
    room = await reader.get(answer.headers["location"])
    assert f'data-interview="{interview.id}"' in room.text


async def test_who_speaks_is_led_to_the_device_check_first(reader: httpx.AsyncClient, served: Services) -> None:
    answer = await start(reader, SET_UP, channel="voice")
    assert answer.headers["location"].endswith("/check")
    assert (await interview_of(served, answer)).channel == "voice"
    assert (await reader.get(answer.headers["location"])).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"language": "fr"}, "Choose one of those shown"),
        ({"channel": "phone"}, "whether you type or speak"),
        ({"patience": NASTY}, "how long the interviewer waits"),
        ({"minutes": "4"}, "can be meant to last 5 to 43 minutes"),
        ({"minutes": "44"}, "can be meant to last 5 to 43 minutes"),
        ({"minutes": "ten"}, "Write a whole number"),
        ({"minutes": "²"}, "Write a whole number"),
        ({"minutes": NASTY}, "Write a whole number"),
    ],
)
async def test_what_cannot_be_done_comes_back_with_the_reason_and_what_was_filled_in(
    reader: httpx.AsyncClient, wrong: dict[str, str], sentence: str
) -> None:
    answer = await start(reader, SET_UP, **({"patience": "long", "minutes": "30"} | wrong))
    assert answer.status_code == 422
    assert sentence in answer.text
    assert NASTY not in answer.text
    kept = fields_of(answer.text)
    assert kept["plan"] == "backend-engineer"
    if "minutes" in wrong:
        assert kept["minutes"] == wrong["minutes"]
        assert 'aria-invalid="true"' in answer.text
        assert kept["patience"] == "long"


async def test_no_minutes_are_the_plans_own(reader: httpx.AsyncClient, served: Services) -> None:
    interview = await interview_of(served, await start(reader, SET_UP, minutes=" "))
    assert interview.target_duration_minutes == served.library.plans["backend-engineer"].target_duration_minutes


async def test_the_form_offers_the_minutes_that_an_interview_may_be_begun_with(served: Services) -> None:
    async with served.database.tenant(served.local_owner.tenant_id) as connection:
        versions = await plans.list_plans(connection)
    for version in versions:
        card = plan_card(version, "en")
        plan = msgspec.convert(version.body, Plan)
        with pytest.raises(DurationError) as refused:
            created(Wish(plan=card.slug, language="en", target_duration_minutes=10_000), plan, version)
        assert (card.least_minutes, card.most_minutes) == (refused.value.least, refused.value.most)


@pytest.mark.parametrize("address", ["/practise?plan=gone", f"/practise?plan={NASTY}"])
async def test_a_plan_that_is_not_there_is_said_and_the_others_are_offered(
    reader: httpx.AsyncClient, address: str
) -> None:
    answer = await reader.get(address)
    assert answer.status_code == 404
    assert "not offered any more" in answer.text
    assert 'href="/plans/behavioural"' in answer.text
    assert NASTY not in answer.text


@pytest.mark.parametrize("body", [b"", b"\xff\xfe=1", b"plan", b"&".join(b"a=1" for _ in range(100))])
async def test_a_body_that_is_no_form_begins_nothing(reader: httpx.AsyncClient, body: bytes) -> None:
    answer = await reader.post("/interviews", content=body)
    assert answer.status_code == 422
    assert "not offered any more" in answer.text


async def test_a_form_of_another_site_is_not_carried_out(reader: httpx.AsyncClient) -> None:
    form = {"plan": "behavioural", "language": "es", "channel": "text", "patience": "long"}
    answer = await reader.post("/interviews", data=form, headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 403
    assert "came from another site" in answer.text
    own = await reader.post("/interviews", data=form, headers={"Origin": HERE})
    assert own.status_code == 303
