"""How somebody spoke, in words and in a table. Pure."""

import msgspec

from agents.delivery import USUAL_PACE, Delivery, Figures, Pause
from agents.outcomes import QuestionView
from agents.plans import Language
from agents.report import Report
from server.pages.reading import in_figures
from server.pages.texts import Texts, texts_in

NOTHING = "–"
"""In place of a figure that there is not enough for."""
MOST_FILLERS = 5
"""Of the different fillers, how many are named."""

_COLUMNS = ("words", "pace", "fillers", "repairs", "pauses", "longest", "first_word", "share")
_MEANINGS = ("pace", "fillers", "repairs", "pauses", "first_word", "share")


class Row(msgspec.Struct, frozen=True):
    """A row of the table: one question, or with None all of them."""

    question: QuestionView | None
    cells: tuple[str, ...]


class Delivered(msgspec.Struct, frozen=True):
    """The section of the report."""

    pace: str
    habits: str
    pauses: str
    """Ends in "after" where there is a longest one, whose last words before it follow."""
    longest: Pause | None
    exchange: str
    """How soon the candidate answered, and their part in the talking; "" where neither is known."""
    left_out: str
    """What is in no figure; "" for nothing."""
    heads: tuple[str | tuple[str, str], ...]
    rows: tuple[Row, ...]
    meanings: tuple[str, ...]
    """What each figure counts."""


def delivered(report: Report, language: Language) -> Delivered | None:
    """How the answers of a report were spoken, for a reader of that language; None where that is not told."""
    delivery = report.delivery
    if delivery is None:
        return None
    t = texts_in(language)
    questions = {question.id: question for question in report.questions}
    longest = max(delivery.pauses, key=lambda pause: pause.ms, default=None)
    number = questions[longest.question_id].number if longest else 0
    rows = tuple(Row(questions[each.question_id], _cells(each.figures, t)) for each in delivery.questions)
    return Delivered(
        pace=_pace(delivery, t),
        habits=_habits(delivery.whole, t),
        pauses=_pauses(delivery.whole, number, t),
        longest=longest,
        exchange=_exchange(delivery.whole, t),
        left_out=_left_out(delivery, t),
        heads=(t("delivery.question"), *((t(f"delivery.column_{name}"), "number") for name in _COLUMNS)),
        rows=rows if len(rows) == 1 else (*rows, Row(None, _cells(delivery.whole, t))),
        meanings=tuple(t(f"delivery.meaning_{name}") for name in _MEANINGS),
    )


def _pace(delivery: Delivery, t: Texts) -> str:
    whole = delivery.whole
    if whole.words_a_minute is None or whole.words_a_minute_with_pauses is None:
        return t("delivery.pace_none")
    said = t("delivery.pace", pace=round(whole.words_a_minute), overall=round(whole.words_a_minute_with_pauses))
    if len(delivery.languages) != 1:
        return said  # Nothing to compare with: what is usual differs between them.
    low, high = USUAL_PACE[delivery.languages[0]]
    return f"{said} {t(f'delivery.pace_usual_{delivery.languages[0]}', low=low, high=high)}"


def _habits(whole: Figures, t: Texts) -> str:
    named = whole.fillers[:MOST_FILLERS]
    which = ", ".join(f"{each.text} ×{each.count}" if each.count > 1 else each.text for each in named)
    which += ", …" if len(whole.fillers) > MOST_FILLERS else ""
    if not whole.fillers:
        said = t("delivery.fillers_none")
    elif whole.fillers_per_100_words is None:
        said = t.n("delivery.fillers_few_words", whole.filler_count, which=which)
    else:
        rate = in_figures(whole.fillers_per_100_words, t.language)
        said = t.n("delivery.fillers", whole.filler_count, which=which, rate=rate)
    return f"{said} {t.n('delivery.repairs', whole.repairs)}" if whole.repairs else said


def _pauses(whole: Figures, number: int, t: Texts) -> str:
    if not whole.pauses:
        return t("delivery.pauses_none")
    return t.n("delivery.pauses", whole.pauses, longest=_seconds(whole.longest_pause_ms, t), number=number)


def _exchange(whole: Figures, t: Texts) -> str:
    said = []
    if whole.responses == 1:
        said.append(t("delivery.response", first=_seconds(whole.response_longest_ms, t)))
    elif whole.responses:
        median, longest = _seconds(whole.response_median_ms, t), _seconds(whole.response_longest_ms, t)
        said.append(t("delivery.responses", median=median, longest=longest))
    if whole.talk_share is not None:
        said.append(t("delivery.share", percent=round(whole.talk_share * 100)))
    return " ".join(said)


def _left_out(delivery: Delivery, t: Texts) -> str:
    said = []
    if delivery.typed_turns:
        said.append(t.n("delivery.typed", delivery.typed_turns))
    if delivery.untimed_turns:
        said.append(t.n("delivery.untimed", delivery.untimed_turns))
    return " ".join(said)


def _cells(figures: Figures, t: Texts) -> tuple[str, ...]:
    return (
        str(figures.words),
        NOTHING if figures.words_a_minute is None else str(round(figures.words_a_minute)),
        str(figures.filler_count),
        str(figures.repairs),
        str(figures.pauses),
        _seconds(figures.longest_pause_ms, t) if figures.pauses else NOTHING,
        _seconds(figures.response_median_ms, t),
        NOTHING if figures.talk_share is None else str(round(figures.talk_share * 100)),
    )


def _seconds(ms: int | None, t: Texts) -> str:
    return NOTHING if ms is None else in_figures(ms / 1000, t.language)
