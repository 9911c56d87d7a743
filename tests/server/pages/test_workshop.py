"""The workshop as the server draws it, without any script, on a real database."""

import re
from html import unescape
from urllib.parse import urlencode

import httpx
import msgspec
import pytest

from agents.plans import Plan, Rubric
from agents.workshop import document_of
from server.pages.workshop_form import PlanForm
from server.pages.workshop_saving import save
from server.principal import Principal
from server.services import Services
from storage import plans
from storage.plans import PlanVersion
from tests.server.pages.forms import LIBRARY, form_fields, form_of, interview_of, sent_by

PLAN = "behavioural"
TOPIC = "Tell me about a time when you had to say no to a customer. What did you say?"
TOPIC_ES = "Cuéntame de una vez en que tuviste que decirle que no a un cliente. ¿Qué le dijiste?"
ILLEGAL = "How old are you, and do you have children?"
NASTY = '"><script>alert(1)</script>'

Fields = dict[str, str]


def documents_of(slug: str) -> tuple[Plan, Rubric]:
    return LIBRARY.plans[slug], LIBRARY.rubrics[LIBRARY.plans[slug].rubric]


def named(plan: Plan, rubric: Rubric, name: str) -> tuple[Plan, Rubric]:
    """Both under another name."""
    return msgspec.structs.replace(plan, slug=name, rubric=name), msgspec.structs.replace(rubric, slug=name)


async def send(reader: httpx.AsyncClient, address: str, filled: PlanForm, **more: str) -> httpx.Response:
    """The form as a browser sends it, by one of its buttons."""
    body = urlencode([*form_fields(filled), *more.items()])
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return await reader.post(address, content=body, headers=headers)


async def current(served: Services, slug: str) -> PlanVersion:
    async with served.database.tenant(served.local_owner.tenant_id) as connection:
        return await plans.plan_by_slug(connection, slug)


async def test_the_workshop_lists_ones_own_plans_apart_from_those_that_all_share(
    reader: httpx.AsyncClient, served: Services
) -> None:
    text = (await reader.get("/workshop")).text
    assert "no plan of your own yet" in text
    for slug in served.library.plans:
        assert f'href="/workshop/{slug}"' in text
    mine = form_of(PLAN)
    mine.title["en"] = "Saying no"
    await send(reader, f"/workshop/{PLAN}", mine, base="1", do="save")
    text = (await reader.get("/workshop")).text
    own, _, shared = text.partition("Plans that come with Viva")
    assert "Saying no" in own
    assert f'href="/workshop/{PLAN}"' not in shared


@pytest.mark.parametrize(
    "part",
    [
        "",
        "/new/blank",
        "/new/import",
        "/new/draft",
        f"/{PLAN}",
        f"/{PLAN}/versions",
        f"/{PLAN}/compare?before=1&after=1",
    ],
)
async def test_a_page_of_the_workshop_has_no_script_or_style_of_its_own_in_it(
    reader: httpx.AsyncClient, part: str
) -> None:
    answer = await reader.get(f"/workshop{part}")
    assert answer.status_code == 200
    assert not re.search(r"<style[^>]|\sstyle=|\son\w+=|javascript:|<script(?![^>]* src=)", answer.text)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text)


@pytest.mark.parametrize("slug", sorted(LIBRARY.plans))
@pytest.mark.parametrize("language", ["en", "es"])
async def test_the_editor_shows_all_of_a_plan_and_sends_it_back_as_it_was(
    reader: httpx.AsyncClient, served: Services, slug: str, language: str
) -> None:
    answer = await reader.get(f"/workshop/{slug}", headers={"Accept-Language": language})
    assert answer.status_code == 200
    before = await current(served, slug)
    again = await reader.post(f"/workshop/{slug}", data=sent_by(answer.text) | {"do": "save"})
    assert again.status_code == 303, re.findall(r'<p class="finding finding--error.*', again.text)
    assert again.headers["location"] == f"/workshop/{slug}?saved={before.number}"
    assert (await current(served, slug)).id == before.id


async def test_a_changed_question_makes_a_version_and_the_shared_plan_stays(
    reader: httpx.AsyncClient, served: Services, other: Services
) -> None:
    changed = form_of(PLAN)
    changed.questions[0].text.update({"en": TOPIC, "es": TOPIC_ES})
    answer = await send(reader, f"/workshop/{PLAN}", changed, base="1", do="save")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/workshop/{PLAN}?saved=2")
    page = await reader.get(answer.headers["location"])
    assert "Saved as version 2" in page.text
    assert TOPIC in unescape(page.text)
    mine, theirs = await current(served, PLAN), await current(other, PLAN)
    assert (mine.number, mine.is_own, theirs.is_own) == (2, True, False)
    assert mine.body["questions"][0]["text"]["es"] == TOPIC_ES
    assert msgspec.convert(theirs.body, Plan) == LIBRARY.plans[PLAN]


async def test_what_the_law_forbids_to_ask_is_said_at_its_field_and_not_saved(
    reader: httpx.AsyncClient, served: Services
) -> None:
    changed = form_of(PLAN)
    changed.questions[2].text["en"] = ILLEGAL
    answer = await send(reader, f"/workshop/{PLAN}", changed, base="1", do="save")
    assert answer.status_code == 422
    assert "Nothing is saved yet" in answer.text
    said = re.search(r'data-told="questions\.2\.text\.en">(.*?)</div>', answer.text, re.DOTALL)
    assert said
    assert "finding--error" in said[1]
    field = re.search(r'<textarea[^>]*name="questions\.2\.text\.en"[^>]*>', answer.text)
    assert field
    assert 'aria-invalid="true"' in field[0]
    assert ILLEGAL in unescape(answer.text)
    assert not (await current(served, PLAN)).is_own


async def test_a_script_is_told_the_findings_in_the_readers_language(reader: httpx.AsyncClient) -> None:
    changed = form_of(PLAN)
    changed.questions[2].text["es"] = ""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept-Language": "es"}
    body = urlencode(form_fields(changed))
    answer = await reader.post("/workshop/new/check", content=body, headers=headers)
    told = answer.json()
    assert told["errors"] == 1
    (said,) = (each for each in told["told"]["questions.2.text.es"] if each["severity"] == "error")
    assert said["kind"] == "Corrige:"
    assert told["counts"]["questions.2"].startswith("1 cosa por corregir")
    assert told["summary"].startswith("1 cosa por corregir")


async def test_buttons_change_the_form_and_nothing_is_lost_or_saved(
    reader: httpx.AsyncClient, served: Services
) -> None:
    changed = form_of(PLAN)
    changed.title["en"] = NASTY
    answer = await send(reader, f"/workshop/{PLAN}", changed, base="1", do="add:questions")
    assert answer.status_code == 200
    assert NASTY not in answer.text
    filled = sent_by(answer.text)
    assert filled["title.en"] == [NASTY]
    assert filled["base"] == ["1"]
    new = len(changed.questions)
    assert filled[f"questions.{new}.text.en"] == [""]
    assert re.search(rf'name="questions\.{new}\.text\.en"[^>]* autofocus', answer.text)
    fewer = await reader.post(f"/workshop/{PLAN}", data=filled | {"do": f"remove:questions.{new}"})
    assert f"questions.{new}.text.en" not in sent_by(fewer.text)
    assert not (await current(served, PLAN)).is_own


async def test_a_script_is_given_the_form_alone(reader: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Part": "form"}
    body = urlencode([*form_fields(form_of(PLAN)), ("do", "add:facts")])
    answer = await reader.post(f"/workshop/{PLAN}", content=body, headers=headers)
    assert answer.text.lstrip().startswith("<form")
    assert "<html" not in answer.text


async def test_of_two_who_edit_a_plan_the_later_one_chooses(reader: httpx.AsyncClient, served: Services) -> None:
    first, second = form_of(PLAN), form_of(PLAN)
    first.questions[0].text.update({"en": TOPIC, "es": TOPIC_ES})
    second.warm_up.update(
        {"en": "What did you enjoy about your last job?", "es": "¿Qué disfrutaste de tu último trabajo?"}
    )
    await send(reader, f"/workshop/{PLAN}", first, base="1", do="save")
    answer = await send(reader, f"/workshop/{PLAN}", second, base="1", do="save")
    assert answer.status_code == 409
    assert "It is now at version 2" in answer.text
    assert second.warm_up["en"] in unescape(answer.text)
    assert (await current(served, PLAN)).number == 2
    mine = await reader.post(f"/workshop/{PLAN}", data=sent_by(answer.text) | {"do": "over"})
    assert mine.headers["location"] == f"/workshop/{PLAN}?saved=3"
    assert (await current(served, PLAN)).body["warm_up"] == second.warm_up


async def test_a_new_plan_is_written_from_nothing(reader: httpx.AsyncClient, served: Services) -> None:
    blank = await reader.get("/workshop/new/blank")
    assert "finding--" not in blank.text
    filled = sent_by(blank.text)
    refused = await reader.post("/workshop/new/blank", data=filled | {"do": "save"})
    assert refused.status_code == 422
    new = form_of(PLAN)
    new.slug = new.rubric.slug = ""
    new.title.update({"en": "Front desk", "es": "Recepción"})
    made = await send(reader, "/workshop/new/blank", new, base="", do="save")
    assert (made.status_code, made.headers["location"]) == (303, "/workshop/front-desk?saved=1")
    assert (await current(served, "front-desk")).rubric_slug == "front-desk"
    taken = await send(reader, "/workshop/new/blank", new, base="", do="save")
    # The very same plan is there: nothing is lost by leading to it.
    assert taken.status_code == 303
    new.questions.reverse()
    taken = await send(reader, "/workshop/new/blank", new, base="", do="save")
    assert taken.status_code == 409
    assert "already a plan named “front-desk”" in unescape(taken.text)


async def test_interview_me_saves_and_leads_into_the_room(reader: httpx.AsyncClient, served: Services) -> None:
    changed = form_of(PLAN)
    changed.questions[0].text.update({"en": TOPIC, "es": TOPIC_ES})
    answer = await send(reader, f"/workshop/{PLAN}", changed, base="1", do="interview")
    interview = await interview_of(served, answer)
    assert interview.plan_version_id == (await current(served, PLAN)).id
    assert (interview.channel, interview.language) == ("text", "en")
    unchanged = await send(reader, f"/workshop/{PLAN}", changed, base="2", do="interview")
    assert (await interview_of(served, unchanged)).plan_version_id == interview.plan_version_id


async def test_versions_can_be_compared_used_again_and_taken_as_a_file(
    reader: httpx.AsyncClient, served: Services
) -> None:
    changed = form_of(PLAN)
    changed.questions[0].text["en"] = LIBRARY.plans[PLAN].questions[0].text["en"] + " Why?"
    changed.questions[0].seconds = "150"
    await send(reader, f"/workshop/{PLAN}", changed, base="1", do="save")
    listed = (await reader.get(f"/workshop/{PLAN}/versions")).text
    assert f'href="/workshop/{PLAN}/compare?before=1&amp;after=2"' in listed
    compared = unescape((await reader.get(f"/workshop/{PLAN}/compare?before=1&after=2")).text)
    assert "<ins>Why?</ins>" in compared
    assert "<ins>150</ins>" in compared
    assert "2 changes" in compared
    file = await reader.get(f"/workshop/{PLAN}/versions/1.yaml")
    assert file.headers["content-disposition"] == f'attachment; filename="{PLAN}-1.yaml"'
    assert file.text == document_of(*documents_of(PLAN))
    back = await reader.post(f"/workshop/{PLAN}/versions/1")
    assert back.status_code == 303
    assert "Version 1 is used again" in (await reader.get(back.headers["location"])).text
    assert msgspec.convert((await current(served, PLAN)).body, Plan) == LIBRARY.plans[PLAN]


async def test_a_document_opens_in_the_editor_and_is_not_saved(reader: httpx.AsyncClient, served: Services) -> None:
    plan, rubric = documents_of(PLAN)
    document = document_of(*named(plan, rubric, "another"))
    answer = await reader.post("/workshop/new/import", data={"document": document})
    assert answer.status_code == 200
    filled = sent_by(answer.text)
    assert (filled["slug"], filled["base"]) == (["another"], [""])
    saved = await reader.post("/workshop/new/blank", data=filled | {"do": "save"})
    assert saved.headers["location"] == "/workshop/another?saved=1"
    over = await reader.post("/workshop/new/import", data={"document": document_of(plan, rubric)})
    assert 'action="/workshop/behavioural"' in over.text
    assert sent_by(over.text)["base"] == ["1"]


async def test_a_document_that_cannot_be_read_is_shown_at_its_line(reader: httpx.AsyncClient) -> None:
    document = document_of(*documents_of(PLAN)).replace("role_level: mid", "role_level: middling")
    line = document.split("\n").index("  role_level: middling") + 1
    answer = await reader.post("/workshop/new/import", data={"document": document})
    assert answer.status_code == 422
    assert f"Line {line} cannot be read" in answer.text
    assert f'<li value="{line}" class="lines__wrong"' in answer.text
    assert "middling" in answer.text
    assert (await reader.post("/workshop/new/import", data={"document": NASTY})).status_code == 422


@pytest.mark.parametrize("language", ["en", "es"])
async def test_a_job_description_becomes_a_draft_that_says_who_wrote_it(
    reader: httpx.AsyncClient, language: str
) -> None:
    job = "We look for a backend engineer who designs APIs, knows PostgreSQL, and can find out why a service fails."
    wish = {"job": job, "language": language, "minutes": "25"}
    answer = await reader.post("/workshop/new/draft", data=wish, headers={"Accept-Language": language})
    assert answer.status_code == 200
    assert ("written by rules" if language == "en" else "escrito con reglas") in answer.text
    filled = sent_by(answer.text)
    saved = await reader.post("/workshop/new/blank", data=filled | {"do": "save"})
    assert saved.status_code == 303, saved.text
    assert saved.headers["location"].endswith("?saved=1")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"job": "   "}, "Paste the description of a job"),
        ({"minutes": "4"}, "from 5 to 120"),
        ({"minutes": "²"}, "from 5 to 120"),
        ({"job": "word " * 5_000}, "at most 20000 characters"),
    ],
)
async def test_a_draft_that_cannot_be_made_says_why_and_keeps_what_was_pasted(
    reader: httpx.AsyncClient, wrong: Fields, sentence: str
) -> None:
    answer = await reader.post("/workshop/new/draft", data={"job": "A cook", "language": "en", "minutes": "30"} | wrong)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert (wrong.get("job") or "A cook").strip() in answer.text


@pytest.mark.parametrize(
    "address",
    [
        "/workshop/no-such-plan",
        "/workshop/%00",
        "/workshop/no-such-plan/versions",
        f"/workshop/{PLAN}/compare",
        f"/workshop/{PLAN}/compare?before=1&after=99",
        f"/workshop/{PLAN}/versions/99.yaml",
    ],
)
async def test_what_is_not_there_is_a_page_that_says_so(reader: httpx.AsyncClient, address: str) -> None:
    answer = await reader.get(address)
    assert answer.status_code == 404
    assert answer.headers["x-request-id"] in answer.text


@pytest.mark.parametrize("do", ["", "sing", "add:nothing", "remove:questions.x"])
async def test_a_button_that_the_form_does_not_have_is_refused(
    reader: httpx.AsyncClient, served: Services, do: str
) -> None:
    assert (await send(reader, f"/workshop/{PLAN}", form_of(PLAN), base="1", do=do)).status_code == 422
    assert not (await current(served, PLAN)).is_own


async def test_a_form_of_another_site_is_not_saved(reader: httpx.AsyncClient, served: Services) -> None:
    changed = form_of(PLAN)
    changed.questions[0].text.update({"en": TOPIC, "es": TOPIC_ES})
    body = urlencode([*form_fields(changed), ("base", "1"), ("do", "save")])
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://elsewhere.example"}
    assert (await reader.post(f"/workshop/{PLAN}", content=body, headers=headers)).status_code == 403
    assert not (await current(served, PLAN)).is_own


async def test_another_persons_plan_is_not_there(reader: httpx.AsyncClient, other: Services) -> None:
    owner = other.local_owner
    plan, rubric = documents_of(PLAN)
    who = Principal(owner.user_id, owner.tenant_id, ("owner",))
    await save(other, who, *named(plan, rubric, "theirs"), base=None)
    for address in ("/workshop/theirs", "/workshop/theirs/versions", "/workshop/theirs/versions/1.yaml"):
        assert (await reader.get(address)).status_code == 404
    assert "theirs" not in (await reader.get("/workshop")).text
