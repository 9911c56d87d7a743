"""The pages as the server draws them, on a real database."""

import base64
import hashlib
import re
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from agents.events import InterviewEnded, TurnClosed
from agents.library import load_library
from agents.opening import Wish, open_interview
from agents.report import report_of
from server.services import Services
from storage import interviews, reports
from storage.interviews import Status
from tests.agents.sitting import PLAN, Sitting

SET_UP = "/practise?plan=behavioural"
NASTY = '"><script>alert(1)</script>'


async def opened(served: Services) -> UUID:
    owner = served.local_owner
    wish = Wish(plan="behavioural", language="en")
    made = await open_interview(
        served.database,
        owner.tenant_id,
        owner.user_id,
        wish,
        now=served.now(),
        ticket_life=timedelta(seconds=60),
    )
    return made.interview_id


async def becomes(served: Services, interview_id: UUID, *statuses: Status) -> None:
    async with served.database.tenant(served.local_owner.tenant_id) as connection:
        for status in statuses:
            await interviews.set_status(connection, interview_id, status, served.now())


async def keep_report(served: Services, interview_id: UUID, sitting: Sitting) -> None:
    library = load_library()
    body = report_of(interview_id, PLAN, library.rubrics[PLAN.rubric], sitting.log)
    assert body is not None
    async with served.database.tenant(served.local_owner.tenant_id) as connection:
        await reports.save_report(connection, interview_id, body, body.last_seq, served.now())


async def test_a_page_has_no_script_in_it_and_no_style_but_the_one_its_policy_knows(
    reader: httpx.AsyncClient, served: Services
) -> None:
    interview_id = await opened(served)
    own = f"/interviews/{interview_id}"
    documents = ("/docs/api", "/docs/live", "/styleguide", "/offline/en", "/nothing")
    for address in ("/", "/practise", SET_UP, "/interviews", own, f"{own}/check", f"{own}/room", *documents):
        answer = await reader.get(address)
        text, policy = answer.text, answer.headers["content-security-policy"]
        (styled,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(styled.encode()).digest()).decode()
        assert f"style-src 'self' 'sha256-{digest}'" in policy, address
        assert "unsafe" not in policy
        assert not re.search(r"<style[^>]|\sstyle=|\son\w+=|javascript:|<script(?![^>]* src=)", text), address
        assert not re.search(r'(?:src|href)="(?:https?:)?//', text), address


async def test_without_interviews_the_list_teaches_the_next_act(reader: httpx.AsyncClient) -> None:
    text = (await reader.get("/interviews")).text
    assert "You have not had an interview yet" in text
    assert "<table" not in text


async def test_the_list_pages_through_all_interviews_and_shows_each_once(
    reader: httpx.AsyncClient, served: Services
) -> None:
    made = [str(await opened(served)) for _ in range(23)]
    await becomes(served, UUID(made[0]), "in_progress", "completed")
    seen: list[str] = []
    address: str | None = "/interviews"
    while address:
        text = (await reader.get(address)).text
        seen += re.findall(r'class="act" href="/interviews/([0-9a-f-]{36})', text)
        older = re.search(r'href="(/interviews\?cursor=[^"]+)"', text)
        address = older[1] if older else None
    assert seen == list(reversed(made))
    assert f'href="/interviews/{made[0]}"' in text
    assert f'href="/interviews/{made[1]}/room"' in text


async def test_a_cursor_of_nobodys_begins_at_the_latest(reader: httpx.AsyncClient, served: Services) -> None:
    interview_id = await opened(served)
    assert str(interview_id) in (await reader.get("/interviews?cursor=<b>")).text


async def test_the_room_of_an_ended_interview_is_its_report(reader: httpx.AsyncClient, served: Services) -> None:
    interview_id = await opened(served)
    await becomes(served, interview_id, "in_progress", "completed")
    answer = await reader.get(f"/interviews/{interview_id}/room")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/interviews/{interview_id}")


@pytest.mark.parametrize(
    ("statuses", "sentence"),
    [
        ((), "has not ended"),
        (("in_progress",), "has not ended"),
        (("in_progress", "completed"), "The report is being written"),
        (("in_progress", "cancelled"), "You did not agree"),
        (("expired",), "never begun"),
    ],
)
async def test_a_report_that_is_not_there_says_why(
    reader: httpx.AsyncClient, served: Services, statuses: tuple[Status, ...], sentence: str
) -> None:
    interview_id = await opened(served)
    await becomes(served, interview_id, *statuses)
    answer = await reader.get(f"/interviews/{interview_id}")
    assert answer.status_code == 200
    assert sentence in answer.text


async def test_a_report_shows_what_was_said_as_words_and_never_as_markup(
    reader: httpx.AsyncClient, served: Services
) -> None:
    interview_id = await opened(served)
    sitting = Sitting()
    sitting.reaches("q1")
    sitting.says(f"I said {NASTY} and no more.")
    sitting.replies()
    sitting.presses("end")
    sitting.replies()
    assert any(isinstance(event.payload, InterviewEnded) for event in sitting.log)
    said = next(
        event.seq for event in sitting.log if isinstance(event.payload, TurnClosed) and NASTY in event.payload.text
    )
    await becomes(served, interview_id, "in_progress", "completed")
    await keep_report(served, interview_id, sitting)
    text = (await reader.get(f"/interviews/{interview_id}")).text
    assert f'id="turn-{said}"' in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script>alert" not in text
    assert "Not enough to judge" in text


@pytest.mark.parametrize(
    "address", ["/interviews/not-an-id", f"/interviews/{UUID(int=5)}", f"/interviews/{UUID(int=5)}/room"]
)
async def test_an_interview_that_is_not_there_is_a_page_that_says_so(reader: httpx.AsyncClient, address: str) -> None:
    answer = await reader.get(address)
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text
    assert answer.headers["x-request-id"] in answer.text


async def test_another_persons_interview_is_not_there(
    reader: httpx.AsyncClient, served: Services, other: Services
) -> None:
    theirs = await opened(other)
    assert (await reader.get(f"/interviews/{theirs}")).status_code == 404
    assert str(theirs) not in (await reader.get("/interviews")).text


@pytest.mark.parametrize("part", ["room", "check"])
async def test_an_interview_that_was_not_begun_in_time_says_that_its_link_has_expired(
    reader: httpx.AsyncClient, served: Services, part: str
) -> None:
    interview_id = await opened(served)
    await becomes(served, interview_id, "expired")
    answer = await reader.get(f"/interviews/{interview_id}/{part}", headers={"accept": "text/html"})
    assert answer.status_code == 410
    assert "This link has expired" in answer.text
