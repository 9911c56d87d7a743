"""How somebody spoke, as the report tells it."""

from html import unescape

import httpx
import msgspec
import pytest

from agents.events import Kind
from agents.plans import Language
from agents.report import Report
from server.pages.delivery import NOTHING, Delivered, delivered
from server.services import Services
from storage import reports
from tests.agents.sitting import Sitting
from tests.agents.spoken import asks, begun, ends, speaks
from tests.server.pages import held
from tests.server.pages.test_printing import flat, text_of

TITLES = {"en": "How you spoke", "es": "Cómo hablaste"}
SAID: dict[str, tuple[str, str]] = {
    "en": (
        "Um, I led the move to the new billing system, you know, [1600] with six people, and we we finished early um",
        "We asked what worried them.",
    ),
    "es": (
        "Eh, dirigí el cambio al nuevo sistema de cobros, o sea, [1600] con seis personas, y y acabamos antes eh",
        "Preguntamos qué les preocupaba.",
    ),
}


def spoken(language: Language = "en", kind: Kind = "practice") -> Sitting:
    sitting = begun(Sitting(kind=kind, language=language))
    first, second = SAID[language]
    speaks(sitting, first, after_ms=900)
    asks(sitting, "next", lasts_ms=5_000)
    speaks(sitting, second, after_ms=2_200)
    return ends(sitting)


def told(sitting: Sitting, language: Language = "en") -> Delivered:
    found = delivered(held.report(sitting), language)
    assert found is not None
    return found


def test_the_sentences_say_the_figures_and_no_judgement() -> None:
    found = told(spoken())
    # 24 words in 26 times 0.3 s, and a pause of 1.6 s.
    assert found.pace.startswith(
        "While you were speaking you said about 185 words a minute; with your pauses it was 153."
    )
    assert "between 140 and 210" in found.pace
    assert found.habits == (
        "The transcript holds 3 fillers (um ×2, you know), 12.5 in every hundred words. "
        "Once you began again or put something another way."
    )
    assert flat(found.pauses) == (
        "Inside your answers you paused once for a second or longer, for 1.6 s in question 1, after"
    )
    assert found.longest is not None
    assert found.longest.after == "system you know"
    assert flat(found.exchange).startswith(
        "Your first word mostly came about 1.6 s after the end of what was asked, and 2.2"
    )
    assert found.left_out == ""


def test_spanish_is_read_and_written_as_such() -> None:
    found = told(spoken("es"), "es")
    assert "entre 150 y 200" in found.pace
    assert "3 muletillas (eh ×2, o sea)" in found.habits
    assert "1,6 s en la pregunta 1, después de" in flat(found.pauses)


def test_a_reader_of_the_other_language_compares_with_the_language_that_was_spoken() -> None:
    assert "Spoken Spanish usually runs between 150 and 200" in told(spoken("es"), "en").pace


def test_the_table_has_a_row_for_each_question_and_one_for_all() -> None:
    found = told(spoken())
    assert [row.question.id if row.question else None for row in found.rows] == ["q1", "q2", None]
    assert {len(row.cells) for row in found.rows} == {len(found.heads) - 1}
    few_words = found.rows[1].cells
    assert few_words[:2] == ("5", NOTHING)


def test_one_answer_is_its_own_sum() -> None:
    sitting = begun(Sitting())
    speaks(sitting, "I led the team.", after_ms=1_200)
    found = told(ends(sitting))
    assert len(found.rows) == 1
    assert found.pace == "You spoke too few words to give a pace."
    assert found.habits == "The transcript holds no fillers."
    assert found.pauses == "You never paused for as long as a second inside an answer."
    assert flat(found.exchange).startswith("Your first word came 1.2 s after the end of the question.")


def test_what_is_not_counted_is_said() -> None:
    sitting = begun(Sitting())
    speaks(sitting, "I led the team.")
    sitting.says("And I wrote this.")
    sitting.says("And this.")
    speaks(sitting, "And this.", is_timed=False)
    found = told(ends(sitting))
    assert found.left_out == (
        "2 things you typed are not counted. One thing you said came without the times of its words and is not counted."
    )
    assert "of all the talking" not in found.exchange.lower()


@pytest.mark.parametrize("language", ["en", "es"])
async def test_a_spoken_practices_report_tells_it_on_the_page_and_on_paper(
    reader: httpx.AsyncClient, served: Services, language: Language
) -> None:
    sitting = spoken(language)
    interview_id = await held.judged(served, sitting, language)
    headers = {"Accept-Language": language}
    page = (await reader.get(f"/interviews/{interview_id}", headers=headers)).text
    paper = await reader.get(f"/interviews/{interview_id}/report.pdf", headers=headers)
    printed = flat(text_of(paper.content))
    found = told(sitting, language)
    assert found.longest is not None
    for words in (TITLES[language], found.pace, found.habits, found.pauses, found.longest.after, found.exchange):
        assert words in unescape(page)
        assert flat(words) in printed
    assert f'<a href="#turn-{found.longest.seq}">{found.longest.after}</a>' in page
    assert f'id="turn-{found.longest.seq}"' in page
    assert page.index('id="competencies"') < page.index('id="delivery"') < page.index('id="transcript"')


@pytest.mark.parametrize("sitting", [held.scored(4, 2), spoken(kind="screening")], ids=["typed", "screening"])
async def test_it_is_told_of_what_was_spoken_in_practice_alone(
    reader: httpx.AsyncClient, served: Services, sitting: Sitting
) -> None:
    interview_id = await held.judged(served, sitting)
    page = (await reader.get(f"/interviews/{interview_id}")).text
    assert 'id="transcript"' in page
    assert 'id="delivery"' not in page
    assert TITLES["en"] not in page


async def test_a_report_from_before_there_were_such_figures_is_read_as_it_was_written(
    reader: httpx.AsyncClient, served: Services
) -> None:
    sitting = held.scored(4)
    interview_id = await held.judged(served, sitting)
    body = msgspec.to_builtins(held.report(sitting, interview_id))
    del body["delivery"]
    async with served.database.tenant(served.local_owner.tenant_id) as connection:
        await reports.save_report(connection, interview_id, body, body["last_seq"] + 1, served.now())
        kept = await reports.report(connection, interview_id)
    assert kept is not None
    assert "delivery" not in kept.body
    assert msgspec.convert(kept.body, Report).delivery is None
    page = await reader.get(f"/interviews/{interview_id}")
    assert page.status_code == 200
    assert 'id="delivery"' not in page.text
