"""What the report's page says first to whoever practised, who wrote it, and where a person should look."""

import html
import re
from uuid import UUID

import httpx
import pytest
from msgspec.structs import replace

from agents.coaching.advice import judged_seq
from agents.events import (
    AnyPayload,
    BetterAnswer,
    BetterPart,
    CoachedChange,
    CoachedMoment,
    CoachingWritten,
    Quote,
    ScoreGiven,
    TurnClosed,
)
from agents.plans import Language
from agents.report import Report
from server.services import Services
from storage import reports
from tests.agents.sitting import Sitting
from tests.server.pages import held
from tests.server.pages.test_printing import flat, text_of

SAID = (
    "In the end we, um, finished two weeks early. I wrote the the import scripts and I asked support which errors "
    "hurt most. Last year our team had eight weeks to move the booking system."
)
WHY = "It says who did what."


async def shown(
    reader: httpx.AsyncClient, served: Services, written: Report, *, language: Language = "en", path: str = ""
) -> str:
    """The page of a report that was written so."""
    interview_id = await held.opened(served, language)
    await held.becomes(served, interview_id, "in_progress", "completed")
    async with served.database.tenant(served.local_owner.tenant_id) as connection:
        body = replace(written, interview_id=interview_id)
        await reports.save_report(connection, interview_id, body, body.last_seq, served.now())
    answer = await reader.get(f"/interviews/{interview_id}{path}", headers={"Accept-Language": language})
    assert answer.status_code == 200
    return answer.text


def by_model(sitting: Sitting) -> Sitting:
    """The sitting with what a model could have written of it."""
    turns = [(event.payload, event.seq) for event in sitting.log if isinstance(event.payload, TurnClosed)]
    text, seq = next((turn.text, seq) for turn, seq in turns if turn.question_id == "q1")
    fact = CoachingWritten(
        by="model-coach/1 coach/1 balanced",
        judged_seq=judged_seq(sitting.log),
        moment=CoachedMoment("q1", Quote(text[:20], seq, 0, 20), WHY),
        change=CoachedChange("q2", "Say how it ended."),
        better=BetterAnswer("q2", "en", (BetterPart("action", "I asked support."), BetterPart("result", ""))),
    )
    sitting._apply([fact])
    return sitting


def section(page: str, name: str) -> str:
    """The words of a section, without its tags."""
    found = re.search(rf'<section[^>]*aria-labelledby="{name}".*?</section>', page, re.DOTALL)
    assert found
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", found[0])).split())


def marked(sitting: Sitting, **changes: object) -> Sitting:
    """The sitting with its last score given otherwise."""
    log = sitting.log
    place = max(at for at, event in enumerate(log) if isinstance(event.payload, ScoreGiven))
    payload: AnyPayload = log[place].payload
    log[place] = replace(log[place], payload=replace(payload, **changes))
    return sitting


async def test_an_answer_is_told_better_in_the_candidates_words_with_its_gaps_marked(
    reader: httpx.AsyncClient, served: Services
) -> None:
    page = await shown(reader, served, held.report(held.scored(3, said=SAID)))
    told = section(page, "better")
    assert "Last year our team had eight weeks to move the booking system." in told
    assert "I wrote the import scripts and I asked support which errors hurt most." in told
    assert told.index("Last year our team") < told.index("I wrote the import") < told.index("In the end we finished")
    assert "without a language model" in told
    assert "[" not in told
    alone = "Last year our team had eight weeks to move the booking system to a new provider."
    gappy = await shown(reader, served, held.report(held.scored(2, said=alone)))
    assert "[your result here" in section(gappy, "better")
    assert gappy.count('<mark class="gap">') >= 1


@pytest.mark.parametrize(
    ("language", "by"), [("en", "Written by a language model"), ("es", "Lo escribió un modelo de lenguaje")]
)
async def test_what_a_model_wrote_is_labelled_so_and_its_quote_leads_to_its_place(
    reader: httpx.AsyncClient, served: Services, language: Language, by: str
) -> None:
    written = held.report(by_model(held.scored(4, 2, said=SAID)))
    page = await shown(reader, served, written, language=language)
    for name in ("strongest", "change", "better"):
        assert by in section(page, name)
        assert "model-coach/1" in section(page, name)
    assert WHY in section(page, "strongest")
    assert "I asked support." in section(page, "better")
    assert written.coaching is not None
    assert written.coaching.moment is not None
    seq = written.coaching.moment.quote.seq
    assert f'<a href="#turn-{seq}">{html.escape(SAID[:20])}</a>' in page
    assert f'id="turn-{seq}"' in page


async def test_arithmetic_says_that_it_is_none(reader: httpx.AsyncClient, served: Services) -> None:
    page = await shown(reader, served, held.report(held.scored(4, 2, said=SAID)))
    assert "without a language model" in section(page, "strongest")
    assert "Written by a language model" not in page


async def test_a_screening_tells_nobody_how_to_do_better(reader: httpx.AsyncClient, served: Services) -> None:
    practice = held.report(by_model(held.scored(4, 2, said=SAID)))
    page = await shown(reader, served, replace(practice, kind="screening", coaching=None))
    for name in ("strongest", "change", "better"):
        assert f'aria-labelledby="{name}"' not in page
    leaked = await shown(reader, served, replace(practice, kind="screening"))
    assert WHY not in leaked
    assert "I asked support.</" not in leaked


async def test_where_judges_disagree_a_person_is_asked_to_look(reader: httpx.AsyncClient, served: Services) -> None:
    page = await shown(reader, served, held.report(marked(held.scored(4, 3), spread=2.0, needs_review=True)))
    assert "The judges disagree by 2 levels" in section(page, "competencies")
    assert "One score is uncertain" in section(page, "overall")
    agreed = await shown(reader, served, held.report(held.scored(4, 3)))
    assert "judges disagree" not in agreed
    assert 'class="review"' not in agreed


async def test_a_score_that_is_uncertain_for_another_reason_says_so_plainly(
    reader: httpx.AsyncClient, served: Services
) -> None:
    written = held.report(marked(held.scored(4, language="es"), needs_review=True))
    page = await shown(reader, served, written, language="es")
    assert "conviene que lo mire una persona" in section(page, "overall")


async def test_a_report_from_before_there_was_coaching_still_opens_with_the_moment(
    reader: httpx.AsyncClient, served: Services
) -> None:
    written = replace(held.report(held.scored(4, 2, said=SAID)), coaching=None)
    page = await shown(reader, served, written)
    assert SAID[:30] in section(page, "strongest")
    assert 'aria-labelledby="better"' not in page


async def test_it_is_on_paper_too(reader: httpx.AsyncClient, served: Services) -> None:
    written = held.report(by_model(held.scored(4, 2, said=SAID)))
    interview_id = await held.opened(served)
    await held.becomes(served, interview_id, "in_progress", "completed")
    async with served.database.tenant(served.local_owner.tenant_id) as connection:
        body = replace(written, interview_id=interview_id)
        await reports.save_report(connection, interview_id, body, body.last_seq, served.now())
    answer = await reader.get(f"/interviews/{interview_id}/report.pdf")
    assert answer.status_code == 200
    text = flat(text_of(answer.content))
    for said in (WHY, "I asked support.", "[your result here"):
        assert said in text


async def test_the_api_gives_the_report_as_it_was_written(reader: httpx.AsyncClient, served: Services) -> None:
    interview_id: UUID = await held.judged(served, held.scored(4, 2, said=SAID))
    answer = await reader.get(f"/api/v1/interviews/{interview_id}/report")
    coaching = answer.json()["report"]["coaching"]
    assert coaching["moment"]["by"] == "arithmetic"
    assert coaching["better"]["parts"]
    assert coaching["model"] == ""
