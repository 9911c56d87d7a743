"""My progress: levels over several practices, and what can honestly be said of them."""

from datetime import datetime
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from agents.plans import Language, Rubric
from agents.progress import Change, Judged, Point, Practice, Series, Track, progress_of
from server.pages.history import plan_titles
from server.pages.language import language_of
from server.pages.reading import in_figures
from server.pages.rendering import page
from server.pages.texts import Texts, texts_in
from server.principal import principal
from server.services import Services
from storage import plans, reports
from storage.plans import PlanVersion
from storage.reports import JudgedPractice

MOST = 60
"""Practices that are shown, the latest."""


class Dot(msgspec.Struct, frozen=True):
    """A competency in one practice, placed in its plot: `x` from 0 to 1, `level` 1–5 or None.

    `words` are for the table, `label` for whoever points at it.
    """

    interview_id: UUID
    at: datetime
    plan: str
    x: float
    level: float | None
    words: str
    label: str
    joined: bool
    """Whether a line may lead here from the level before: the same scorer gave both."""


class Trail(msgspec.Struct, frozen=True):
    """One competency: its plot, and what is said of it."""

    id: str
    name: str
    sentence: str
    dots: tuple[Dot, ...]


class Section(msgspec.Struct, frozen=True):
    """Everything judged by one rubric. `first` and `last` are when."""

    id: str
    title: str
    practices: int
    first: datetime
    last: datetime
    scorers: int
    """How many scorers gave the levels; more than one cannot be set side by side."""
    trails: tuple[Trail, ...]


async def progress(request: Request) -> Response:
    """`GET /progress?plan`: the reader's own practices. A plan that is not known is all of them."""
    who = await principal(request)
    services: Services = request.app.state.services
    language = language_of(request)
    async with services.database.tenant(who.tenant_id) as connection:
        offered = await plans.list_plans(connection)
        titles = await plan_titles(connection, language)
        plan = request.query_params.get("plan", "")
        plan = plan if plan in titles else ""
        kept = await reports.judged_practices(connection, who.user_id, plan=plan or None, limit=MOST)
    tracks = progress_of(practice(each) for each in kept)
    names = rubric_names(offered, language)
    return page(
        request,
        "progress.html",
        sections=tuple(section(track, names, titles, texts_in(language)) for track in tracks),
        plan=plan,
        plan_options=[("", texts_in(language)("progress.all_plans")), *titles.items()],
        most=MOST if len(kept) == MOST else None,
    )


def practice(kept: JudgedPractice) -> Practice:
    """A practice as it was judged."""
    return Practice(
        interview_id=kept.interview_id,
        at=kept.at,
        plan=kept.plan_slug,
        rubric=kept.rubric_slug,
        scorer=kept.scorer,
        competencies=msgspec.convert(kept.competencies, tuple[Judged, ...]),
    )


def rubric_names(offered: list[PlanVersion], language: Language) -> dict[tuple[str, str], str]:
    """What the reader calls a rubric's competencies, by its slug and theirs; the rubric itself under ""."""
    names = {}
    for version in offered:
        rubric = msgspec.convert(version.rubric_body, Rubric)
        read_in = language if language in rubric.languages else rubric.languages[0]
        names[rubric.slug, ""] = rubric.title[read_in]
        names |= {(rubric.slug, each.id): each.name[read_in] for each in rubric.competencies}
    return names


def section(track: Track, names: dict[tuple[str, str], str], titles: dict[str, str], t: Texts) -> Section:
    """A rubric's plots, in words and places."""
    used = dict.fromkeys(titles.get(each.plan, each.plan) for each in track.practices)
    return Section(
        id=track.rubric,
        title=", ".join(used),
        practices=len(track.practices),
        first=track.practices[0].at,
        last=track.practices[-1].at,
        scorers=len({each.scorer for each in track.practices}),
        trails=tuple(
            Trail(
                id=f"{track.rubric}-{series.competency}",
                name=names.get((track.rubric, series.competency), series.name),
                sentence=sentence(series, t),
                dots=_dots(series, len(track.practices), titles, t),
            )
            for series in track.series
        ),
    )


def sentence(series: Series, t: Texts) -> str:
    """What can be said of a competency: little of a few levels, and of a change only where chance is unlikely."""
    levels = series.levels
    if not levels:
        return t("progress.none")
    latest = in_figures(levels[-1].level or 0, t.language)
    if series.change is None:
        return t.n("progress.few", len(levels), level=latest)
    return t(f"progress.{series.change.direction}", **_figures(series.change, t.language))


def _figures(change: Change, language: Language) -> dict[str, str | int]:
    """A change in figures without a sign: the sentence says which way it went."""
    low, high = sorted((abs(change.low), abs(change.high)))
    return {
        "practices": change.practices,
        "by": in_figures(abs(change.by), language),
        "low": in_figures(low, language),
        "high": in_figures(high, language),
        "down": in_figures(max(0.0, -change.low), language),
        "up": in_figures(max(0.0, change.high), language),
    }


def _dots(series: Series, practices: int, titles: dict[str, str], t: Texts) -> tuple[Dot, ...]:
    dots = []
    before: Point | None = None
    for point in series.points:
        words = t("report.not_enough")
        if point.level is not None:
            words = t.n("report.levels_row", point.judged, level=in_figures(point.level, t.language))
        dots.append(
            Dot(
                interview_id=point.practice.interview_id,
                at=point.practice.at,
                plan=titles.get(point.practice.plan, point.practice.plan),
                x=point.place / max(1, practices - 1) if practices > 1 else 0.5,
                level=point.level,
                words=words,
                label=f"{point.practice.at.date().isoformat()}: {words}",
                joined=before is not None
                and point.level is not None
                and before.practice.scorer == point.practice.scorer,
            )
        )
        before = point if point.level is not None else before
    return tuple(dots)
