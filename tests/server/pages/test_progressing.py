"""My progress, as the server draws it."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest

from agents.plans import Language
from agents.progress import Judged, Practice, progress_of
from server.pages.progressing import rubric_names, section, sentence
from server.pages.texts import texts_in
from server.services import Services
from storage import plans
from tests.server.pages import held

FIRST = datetime(2026, 11, 1, tzinfo=UTC)


def practice(day: int, level: float | None, scorer: str = "rehearsal-scorer/1") -> Practice:
    judged = Judged("ownership", "Ownership", level, int(level is not None), int(level is None))
    return Practice(
        interview_id=UUID(int=day + 1),
        at=FIRST + timedelta(days=day),
        plan="behavioural",
        rubric="behavioural",
        scorer=scorer,
        competencies=(judged,),
    )


def said(levels: list[float | None], language: Language = "en") -> str:
    (track,) = progress_of(practice(day, level) for day, level in enumerate(levels))
    return sentence(track.series[0], texts_in(language))


@pytest.mark.parametrize(
    ("levels", "words"),
    [
        ([None, None], "Not enough to judge"),
        ([3], "Level 3, from a single practice"),
        ([2, None, 3.5], "Latest level 3.5. With 2 practices a change cannot be told from chance"),
        ([1, 2, 3, 4, 5, 5], "Up by about"),
        ([5, 5, 4, 3, 2, 1], "Down by about"),
        ([3, 3, 2, 3], "No clear change over 4 practices"),
    ],
)
def test_a_sentence_claims_no_more_than_the_levels_show(levels: list[float | None], words: str) -> None:
    assert words in said(levels)


def test_figures_of_a_change_carry_no_sign_and_the_languages_mark() -> None:
    fall = said([5, 5, 4, 3, 2, 1], "es")
    assert "Bajó cerca de 4 en 6 prácticas" in fall
    assert "-" not in fall
    assert re.search(r"entre \d,\d y 4 niveles", fall)


def test_no_line_joins_the_levels_of_two_scorers() -> None:
    (track,) = progress_of([practice(0, 2), practice(1, None), practice(2, 3), practice(3, 4, "model/1")])
    drawn = section(track, {}, {}, texts_in("en"))
    assert [(dot.level, dot.joined) for dot in drawn.trails[0].dots] == [
        (2, False),
        (None, False),
        (3, True),
        (4, False),
    ]
    assert [dot.x for dot in drawn.trails[0].dots] == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert drawn.scorers == 2


async def test_competencies_are_called_as_their_reader_calls_them(served: Services) -> None:
    async with served.database.tenant(served.local_owner.tenant_id) as connection:
        offered = await plans.list_plans(connection)
    names = rubric_names([each for each in offered if each.slug in served.library.plans], "es")
    rubric = served.library.rubrics["behavioural"]
    assert names["behavioural", rubric.competencies[0].id] == rubric.competencies[0].name["es"]


async def test_each_practice_is_a_dot_and_a_row_that_leads_to_its_report(
    reader: httpx.AsyncClient, served: Services
) -> None:
    made = [await held.judged(served, held.scored(level)) for level in (2, 3, None)]
    text = (await reader.get("/progress")).text
    assert text.count('<circle class="chart__dot"') == 2
    assert text.count('class="chart__dot chart__dot--none"') == 1
    assert re.findall(r'<th scope="row"><a href="/interviews/([0-9a-f-]+)"', text) == [str(each) for each in made[::-1]]
    assert "Latest level 3. With 2 practices" in text


async def test_a_plan_narrows_it_and_one_that_is_not_known_does_not(
    reader: httpx.AsyncClient, served: Services
) -> None:
    made = await held.judged(served, held.scored(3))
    assert str(made) in (await reader.get("/progress?plan=behavioural")).text
    other = (await reader.get("/progress?plan=backend-engineer")).text
    assert "no judged practice of this interview" in other
    assert str(made) not in other
    assert str(made) in (await reader.get("/progress?plan=<nothing>")).text


async def test_before_the_first_practice_the_page_teaches_the_next_act(
    reader: httpx.AsyncClient, other: Services
) -> None:
    await held.judged(other, held.scored(3))
    text = (await reader.get("/progress")).text
    assert "When a practice has been judged" in text
    assert 'href="/practise"' in text
    assert "<svg viewBox" not in text
