"""The page of an interview in progress, as the server draws it."""

import re
from html import unescape
from typing import Any

import httpx
import msgspec
import pytest

from agents.library import load_library
from server.pages.observing import sentences, wordings
from server.services import Services
from storage.interviews import Status
from tests.agents.sitting import PLAN
from tests.server.pages.held import becomes, opened


def given(markup: str, name: str) -> Any:
    """What the page gives its script under a name."""
    found = re.search(rf'data-{name}="([^"]*)"', markup)
    assert found
    return msgspec.json.decode(unescape(found[1]))


@pytest.mark.parametrize("statuses", [(), ("in_progress",), ("in_progress", "paused")])
async def test_an_interview_that_goes_on_or_will_can_be_watched(
    reader: httpx.AsyncClient, served: Services, statuses: tuple[Status, ...]
) -> None:
    interview_id = await opened(served)
    await becomes(served, interview_id, *statuses)
    answer = await reader.get(f"/interviews/{interview_id}/watch")
    assert answer.status_code == 200
    assert f'data-tickets="/api/v1/interviews/{interview_id}/tickets?role=operator"' in answer.text
    assert given(answer.text, "names")["wordings"] == wordings(PLAN)
    assert given(answer.text, "names")["questions"]["q1"] == 1
    inline = r"<style[^>]|\sstyle=|\son\w+=|javascript:|<script(?![^>]* src=)"
    assert not re.search(inline, answer.text)
    assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize("statuses", [("in_progress", "completed"), ("in_progress", "abandoned"), ("expired",)])
async def test_one_that_is_over_leads_to_its_report(
    reader: httpx.AsyncClient, served: Services, statuses: tuple[Status, ...]
) -> None:
    interview_id = await opened(served)
    await becomes(served, interview_id, *statuses)
    answer = await reader.get(f"/interviews/{interview_id}/watch")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/interviews/{interview_id}")


async def test_another_persons_interview_is_not_there_to_watch(
    reader: httpx.AsyncClient, served: Services, other: Services
) -> None:
    theirs = await opened(other)
    assert (await reader.get(f"/interviews/{theirs}/watch")).status_code == 404
    assert (await reader.get("/interviews/not-an-id/watch")).status_code == 404


async def test_the_list_offers_to_watch_what_is_under_way_and_nothing_else(
    reader: httpx.AsyncClient, served: Services
) -> None:
    waiting, under_way, over = [await opened(served) for _ in range(3)]
    await becomes(served, under_way, "in_progress")
    await becomes(served, over, "in_progress", "completed")
    found = (await reader.get("/interviews")).text
    assert f'href="/interviews/{under_way}/watch"' in found
    assert f"/interviews/{waiting}/watch" not in found
    assert f"/interviews/{over}/watch" not in found


def test_whoever_watches_is_not_spoken_to_as_the_candidate() -> None:
    assert sentences("en")["live.candidate"] == "Candidate"
    assert sentences("es")["live.candidate"] == "Quien responde"
    assert sentences("en")["live.phase_candidate_questions"] != "Your own questions"


def test_every_question_of_every_plan_has_its_wording() -> None:
    for plan in load_library().plans.values():
        assert set(wordings(plan)) == {question.id for question in plan.questions}
        assert all(set(texts) == set(plan.languages) for texts in wordings(plan).values())
