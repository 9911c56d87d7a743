"""Reports on paper."""

import asyncio
import re
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from pypdf import PdfReader

from server.pages import printing
from server.pages.paper import NO_FONTS, OnlyOurSheet, set_as_pdf
from server.pages.printing import NoFonts, NotPrinted, dated, print_to_pdf, zone_of
from server.services import Services
from tests.agents.sitting import Sitting
from tests.server.pages import held

SHEET = "/static/built/assets/paper-1.css"
ROOT = Path(__file__).parents[3]
AT = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)


def text_of(pdf: bytes) -> str:
    return " ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)


def flat(text: str) -> str:
    """The text without the line breaks of its setting."""
    return re.sub(r"\s+", " ", text)


async def test_a_report_as_pdf_says_what_the_page_says(reader: httpx.AsyncClient, served: Services) -> None:
    sitting = held.scored(4, 2, None)
    interview_id = await held.judged(served, sitting)
    page = (await reader.get(f"/interviews/{interview_id}")).text
    answer = await reader.get(f"/interviews/{interview_id}/report.pdf", params={"zone": "America/Bogota"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert re.fullmatch(
        r'attachment; filename="viva-behavioural-\d{4}-\d\d-\d\d\.pdf"', answer.headers["content-disposition"]
    )
    printed = flat(text_of(answer.content))
    for words in (
        "Behavioural interview",
        "Your strongest moment",
        "The one thing to change",
        "Suggestion 2.",
        "Answer 1: I planned the work, did my part, and we finished two weeks early.",
        "Not enough to judge",
        "Working together",
        "Levels by competency",
    ):
        assert words in printed, words
        assert words in page, words
    assert "(America/Bogota)" in printed
    for words in ("Practise this again", "My interviews", "Skip to the content", "Español"):
        assert words in page
        assert words not in printed
    about = PdfReader(BytesIO(answer.content)).metadata
    assert about
    assert about.title == "Report: Behavioural interview · Viva"


async def test_the_pdf_speaks_the_readers_language_accents_and_all(reader: httpx.AsyncClient, served: Services) -> None:
    said = "Diseñé el plan, reduje los días de espera y así terminó: «¿quién lo habría dicho?», pensé."
    interview_id = await held.judged(served, held.scored(4, said=said, language="es"), "es")
    answer = await reader.get(f"/interviews/{interview_id}/report.pdf", headers={"Accept-Language": "es-CO"})
    printed = flat(text_of(answer.content))
    assert said in printed
    assert "Tu mejor momento" in printed
    assert "(UTC)" in printed


async def test_without_a_report_the_pdf_leads_to_the_page_that_says_why(
    reader: httpx.AsyncClient, served: Services
) -> None:
    interview_id = await held.opened(served)
    answer = await reader.get(f"/interviews/{interview_id}/report.pdf")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/interviews/{interview_id}")


async def test_another_persons_report_is_not_there_as_pdf_either(reader: httpx.AsyncClient, other: Services) -> None:
    theirs = await held.judged(other, held.scored(4))
    assert (await reader.get(f"/interviews/{theirs}/report.pdf")).status_code == 404
    assert (await reader.get(f"/interviews/{UUID(int=5)}/report.pdf")).status_code == 404


async def test_what_was_said_is_printed_as_words_and_never_as_markup(
    reader: httpx.AsyncClient, served: Services
) -> None:
    sitting = Sitting()
    sitting.reaches("q1")
    sitting.says('I said <img src="file:///etc/passwd"><link rel="stylesheet" href="/x.css"> & no more.')
    sitting.presses("end")
    sitting.replies()
    interview_id = await held.judged(served, sitting)
    answer = await reader.get(f"/interviews/{interview_id}/report.pdf")
    assert '<img src="file:///etc/passwd"><link rel="stylesheet" href="/x.css"> & no more.' in flat(
        text_of(answer.content)
    )


def test_nothing_but_our_own_sheet_is_read_for_a_page() -> None:
    fetcher = OnlyOurSheet(SHEET, b"@import url(file:///etc/hostname); p { background: url(http://127.0.0.1:9/a.png) }")
    markup = (
        f'<!doctype html><html lang="en"><head><link rel="stylesheet" href="{SHEET}">'
        '<link rel="stylesheet" href="/static/built/assets/index.css"></head>'
        '<body><p>Plain words.</p><img src="file:///etc/hostname"><img src="../../../etc/hostname">'
        '<img src="http://127.0.0.1:9/b.png"></body></html>'
    )
    assert "Plain words." in text_of(set_as_pdf(markup, fetcher))
    assert {url.partition("://")[2].rpartition("/")[2] for url in fetcher.refused} == {
        "index.css",
        "hostname",
        "a.png",
        "b.png",
    }


async def test_several_reports_are_printed_at_once_each_with_its_own_words() -> None:
    pages = [f'<!doctype html><html lang="en"><body>{f"<p>Report {n}.</p>" * 50}</body></html>' for n in range(12)]
    printed = await asyncio.gather(*(print_to_pdf(page) for page in pages))
    assert [set(re.findall(r"Report (\d+)\.", text_of(pdf))) for pdf in printed] == [{str(n)} for n in range(12)]


async def test_without_fonts_no_empty_paper_is_handed_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fonts.conf").write_text(f"<fontconfig><dir>{tmp_path}</dir></fontconfig>")
    monkeypatch.setenv("FONTCONFIG_FILE", str(tmp_path / "fonts.conf"))
    with pytest.raises(NoFonts, match="has no fonts"):
        await print_to_pdf("<p>Words</p>")


async def test_a_press_that_takes_too_long_is_ended_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printing, "PRINT_WITHIN_S", 0)
    with pytest.raises(NotPrinted, match="Try again"):
        await print_to_pdf("<p>Words</p>")


def test_both_sides_of_the_press_mean_the_same_by_its_exit_status() -> None:
    assert printing.NO_FONTS == NO_FONTS


@pytest.mark.parametrize("name", [None, "", "Nowhere/Town", "../../etc/passwd", "x" * 300, "a\0b", "/etc/hostname"])
def test_a_zone_that_is_none_is_utc(name: str | None) -> None:
    assert zone_of(name) == UTC


def test_an_instant_is_written_in_its_readers_zone_and_language_with_the_zone_named() -> None:
    bogota = ZoneInfo("America/Bogota")
    assert flat(dated(AT, bogota, "en")) == "November 20, 2026, 6:30 PM (America/Bogota)"
    assert flat(dated(AT, bogota, "es")) == "20 de noviembre de 2026, 18:30 (America/Bogota)"
    assert flat(dated(AT, UTC, "en")) == "November 20, 2026, 11:30 PM (UTC)"
