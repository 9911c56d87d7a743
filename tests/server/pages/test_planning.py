"""A plan as it can be read before it is practised."""

from html import unescape

import httpx
import pytest

from agents.library import load_library
from agents.plans import Language
from server.pages.planning import plan_reading

LIBRARY = load_library()


@pytest.mark.parametrize("slug", sorted(LIBRARY.plans))
@pytest.mark.parametrize("language", ["en", "es"])
async def test_every_plan_shows_its_anchors_and_questions_in_the_readers_language(
    reader: httpx.AsyncClient, slug: str, language: Language
) -> None:
    plan = LIBRARY.plans[slug]
    answer = await reader.get(f"/plans/{slug}", headers={"Accept-Language": language})
    assert answer.status_code == 200
    text = unescape(answer.text)
    asked = {question.competency for question in plan.questions}
    for competency in LIBRARY.rubrics[plan.rubric].competencies:
        for anchor in competency.anchors:
            assert (anchor[language] in text) == (competency.id in asked)
    for question in plan.questions:
        assert question.text[language] in text.partition("<details")[2]
        assert question.text[language] not in text.partition("<details")[0]
    assert f'href="/practise?plan={slug}"' in text


@pytest.mark.parametrize("slug", sorted(LIBRARY.plans))
def test_the_shares_of_the_overall_figure_make_a_whole(slug: str) -> None:
    plan = LIBRARY.plans[slug]
    read = plan_reading(plan, LIBRARY.rubrics[plan.rubric], "en")
    assert sum(each.share for each in read.competencies) == pytest.approx(100, abs=len(read.competencies) / 2)
    assert sorted(n for each in read.competencies for n in each.questions) == list(range(1, len(plan.questions) + 1))
    assert sum(count for _, count in read.kinds) == len(plan.questions)


@pytest.mark.parametrize("slug", ["no-such-plan", "..%2F", "%00"])
async def test_a_plan_that_is_not_offered_is_a_page_that_says_so(reader: httpx.AsyncClient, slug: str) -> None:
    answer = await reader.get(f"/plans/{slug}")
    assert answer.status_code == 404
    assert answer.headers["x-request-id"] in answer.text
