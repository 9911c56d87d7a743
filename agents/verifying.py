"""Whether what is kept of an interview is what its log says. Pure, and silent about what anybody said.

A log is sound when its events are numbered from 1 without gaps, are unique and can be read and folded. A view is true
when it is what the log makes of it; one that the worker has not made yet is not wrong.
"""

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from agents import events
from agents.events import Event, InterviewCreated
from agents.plans import Plan, Rubric
from agents.refolding import OneOf, Row, Views, as_json, refold, response_name, score_name
from agents.report import Report
from agents.state import fold

_encode = msgspec.json.Encoder(order="sorted", decimal_format="number").encode
_PLAIN = frozenset(
    "actor category channel competency content_hash difficulty_level ended feedback_type interviewer kind language "
    "null_reason outcome plan question question_type reason resource_type scorer seq speaker status type".split()
)
"""Fields whose texts are ours and not anybody's words; the others are told by length and hash."""
_ID_OR_TIME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]{8,15}(Z|[+-]\d\d:\d\d)")
_HALF_A_CENT = 0.005
"""Scores are kept with two decimals."""
_PANEL = " panel"
"""How what several judges come to is signed, after the scorer's version."""


class Difference(msgspec.Struct, frozen=True):
    """One thing that is kept otherwise than the log says. `kept` and `folded` hold nobody's words."""

    interview: UUID
    view: str
    field: str
    kept: str
    folded: str


class Rows(msgspec.Struct, frozen=True):
    """What is kept of one interview, as rows of JSON. `plan` and `rubric` are documents with their `content_hash`."""

    interview: Row
    plan: Row
    rubric: Row
    parts: Mapping[str, Sequence[Row]]
    """`events`, `questions`, `responses`, `scores`, `scoring_runs`, `feedback`, `transcript`, `report`, `turns`."""


class _EventRow(msgspec.Struct):
    interview_id: UUID
    seq: int
    id: UUID
    at: datetime
    at_ms: int
    type: str
    actor: str
    payload: Any
    client_id: str | None = None


def differences(rows: Rows) -> Iterator[Difference]:
    """Everything that is wrong with one interview. Where the log is not sound, no view can be held against it."""
    interview_id = UUID(rows.interview["id"])
    faults = list(log_faults(interview_id, rows.parts["events"]))
    yield from faults
    if faults:
        return
    log = read_log(rows.parts["events"])
    try:
        plan, rubric = msgspec.convert(rows.plan["body"], Plan), msgspec.convert(rows.rubric["body"], Rubric)
        views = refold(interview_id, plan, rubric, log)
    except (KeyError, ValueError) as broken:
        # ValidationError is a ValueError: a plan that this release cannot read.
        yield Difference(interview_id, "plan_version", "body", "does not fit the log", type(broken).__name__)
        return
    held = _Held(interview_id)
    yield from held.plan(rows, log)
    yield from held.row("interviews", "", rows.interview, views.interview)
    yield from held.answers(rows, views)
    yield from held.reading(rows, views)
    yield from held.turns(rows, log)


def log_faults(interview_id: UUID, kept: Sequence[Row]) -> Iterator[Difference]:
    """What is wrong with a log by itself: gaps, repeats, events that cannot be read or have no next state."""
    for place, row in enumerate(kept, start=1):
        if row.get("seq") != place:
            yield Difference(interview_id, "events", "seq", _told("seq", row.get("seq")), str(place))
            return
    for column in ("id", "client_id"):
        counts = Counter(row.get(column) for row in kept if row.get(column) is not None)
        for times in (times for times in counts.values() if times > 1):
            yield Difference(interview_id, "events", column, f"{times} with the same", "one")
    unreadable = False
    for row in kept:
        for fault in _event_faults(interview_id, row):
            unreadable = True
            yield Difference(interview_id, "events", f"{row['seq']}.{fault[0]}", *fault[1:])
    if unreadable:
        return
    log = read_log(kept)
    if not log or not isinstance(log[0].payload, InterviewCreated):
        yield Difference(interview_id, "events", "1.type", log[0].type if log else "nothing", "interview.created")
        return
    try:
        fold(log)
    except (KeyError, ValueError) as broken:
        yield Difference(interview_id, "events", "fold", "no next state", type(broken).__name__)


def read_log(kept: Sequence[Row]) -> list[Event]:
    """The events of rows in which no fault was found."""
    return [_event(msgspec.convert(row, _EventRow)) for row in kept]


def _event(row: _EventRow) -> Event:
    payload = events.from_document(row.payload)
    return Event(row.seq, row.id, row.at, row.at_ms, row.actor, payload, row.client_id)


def _event_faults(interview_id: UUID, kept: Row) -> Iterator[tuple[str, str, str]]:
    """(field, kept, folded) of each."""
    try:
        row = msgspec.convert(kept, _EventRow)
        event = _event(row)
    except (msgspec.ValidationError, ValueError):
        yield "payload", "cannot be read", "an event of this release"
        return
    if row.type != event.type:
        yield "type", _told("type", row.type), event.type
    if row.interview_id != interview_id:
        yield "interview_id", str(row.interview_id), str(interview_id)


class _Held:
    """Holds the rows of one interview against its views."""

    def __init__(self, interview_id: UUID) -> None:
        self._id = interview_id

    def plan(self, rows: Rows, log: Sequence[Event]) -> Iterator[Difference]:
        """The plan and rubric that the interview is read by are those that its first event pinned."""
        created = log[0].payload
        if not isinstance(created, InterviewCreated):
            return
        yield from self.value("plan_version", "plan", rows.plan["slug"], created.plan)
        yield from self.value("plan_version", "content_hash", rows.plan["content_hash"], created.plan_hash)
        yield from self.value("rubric", "content_hash", rows.rubric["content_hash"], created.rubric_hash)

    def answers(self, rows: Rows, views: Views) -> Iterator[Difference]:
        """Questions, responses, runs and scores, each row matched by what names it in the log."""
        parts = rows.parts
        questions = {str(row["id"]): str(row["question_key"]) for row in parts["questions"]}
        responses = {
            str(row["id"]): response_name(questions.get(str(row["question_id"]), "?"), row["version"])
            for row in parts["responses"]
        }
        live = {str(row["id"]): row for row in parts["scoring_runs"] if row["reason"] == "live"}
        scores = [
            (
                score_name(
                    str(row["run_id"]), responses.get(str(row["response_id"]), "?"), row["competency"], row["judge"]
                ),
                row,
            )
            for row in parts["scores"]
            if str(row["run_id"]) in live or str(row["run_id"]) in views.scoring_runs
        ]
        since = {name: views.unscored[name] for name in responses.values() if name in views.unscored}
        # What each judge of a panel said is kept beside what the log tells, which is what they came to.
        panels = {name.removesuffix(_PANEL) for name in views.scores if name.endswith(_PANEL)}
        scores = [(name, row) for name, row in scores if name in views.scores or not _is_one_of(name, panels)]
        yield from self.table(
            "questions", ((str(row["question_key"]), row) for row in parts["questions"]), views.questions
        )
        yield from self.table(
            "responses", ((responses[str(row["id"])], row) for row in parts["responses"]), views.responses | since
        )
        yield from self.table("scoring_runs", live.items(), views.scoring_runs)
        yield from self.table("scores", scores, views.scores)

    def reading(self, rows: Rows, views: Views) -> Iterator[Difference]:
        """Transcript, feedback and report."""
        parts = rows.parts
        transcript = {"": views.transcript} if views.transcript else {}
        yield from self.table("transcripts", (("", row) for row in parts["transcript"]), transcript)
        keys = {str(row["id"]): row["question_key"] for row in parts["questions"]}
        feedback = [
            (str(at), {**row, "question": keys.get(str(row["question_id"]))})
            for at, row in enumerate(parts["feedback"], start=1)
        ]
        yield from self.table("feedback", feedback, {str(at): row for at, row in enumerate(views.feedback, start=1)})
        report = {"": {"last_seq": views.report.last_seq}} if views.report else {}
        yield from self.table("reports", (("", row) for row in parts["report"]), report)
        if views.report and parts["report"]:
            yield from self.report(parts["report"][0]["body"], views.report)

    def report(self, body: Any, folded: Report) -> Iterator[Difference]:
        """A report of an earlier release may lack what has a default since, and words things as that release did."""
        try:
            kept = as_json(msgspec.convert(body, Report))
        except (msgspec.ValidationError, ValueError):
            yield Difference(self._id, "reports", "body", "cannot be read", "a report of this release")
            return
        now = as_json(folded)
        worded_by = {each["coaching"]["arithmetic"] for each in (kept, now) if each["coaching"] is not None}
        if "coaching" not in body or len(worded_by) > 1:
            kept["coaching"] = now["coaching"] = None
        yield from self.value("reports", "body", kept, now)

    def turns(self, rows: Rows, log: Sequence[Event]) -> Iterator[Difference]:
        """A turn's times are measured, not folded; that there was such a reply is in the log."""
        decided = {str(event.payload.reply_id) for event in log if isinstance(event.payload, events.ReplyDecided)}
        for row in rows.parts["turns"]:
            if row["reply_id"] is not None and row["reply_id"] not in decided:
                yield Difference(self._id, "turns", f"{row['turn_number']}.reply_id", row["reply_id"], "nothing")

    def table(self, view: str, kept: Iterable[tuple[str, Row]], folded: Mapping[str, Row]) -> Iterator[Difference]:
        """Every row is there once, none is there besides, and each is what it must be."""
        seen: set[str] = set()
        for name, row in kept:
            if name in folded and name not in seen:
                yield from self.row(view, name, row, folded[name])
            else:
                yield Difference(self._id, view, name or "row", "a row", "none")
            seen.add(name)
        for name in folded:
            if name not in seen:
                yield Difference(self._id, view, name or "row", "none", "a row")

    def row(self, view: str, name: str, kept: Row, folded: Row) -> Iterator[Difference]:
        for field, value in folded.items():
            yield from self.value(view, f"{name}.{field}" if name else field, kept.get(field), value)

    def value(self, view: str, field: str, kept: Any, folded: Any) -> Iterator[Difference]:
        """The innermost fields that differ, by their paths."""
        match kept, folded:
            case dict(), dict():
                for key in sorted({*kept, *folded}):
                    yield from self.value(view, f"{field}.{key}", kept.get(key), folded.get(key))
            case list(), list() if len(kept) == len(folded):
                for at, (one, other) in enumerate(zip(kept, folded, strict=True)):
                    yield from self.value(view, f"{field}[{at}]", one, other)
            case _ if not _is_same(kept, folded):
                told = folded.values[0] if isinstance(folded, OneOf) else folded
                yield Difference(self._id, view, field, _told(field, kept), _told(field, told))


def _is_one_of(name: str, panels: Iterable[str]) -> bool:
    """Whether a score's row is of a judge who sat on one of the panels: each signs with the panel's own version."""
    return any(name == panel or re.fullmatch(re.escape(panel) + r" judge-\d", name) for panel in panels)


def _is_same(kept: Any, folded: Any) -> bool:
    match kept, folded:
        case _, OneOf(values=values):
            return any(_is_same(kept, value) for value in values)
        case str(), datetime():
            try:
                return datetime.fromisoformat(kept) == folded
            except ValueError:
                return False
        case (bool(), _) | (_, bool()):
            return kept is folded
        case int() | float() | Decimal(), int() | float():
            return math.isclose(kept, folded, rel_tol=0, abs_tol=_HALF_A_CENT if isinstance(folded, float) else 0)
        case _:
            return bool(kept == folded)


def _told(field: str, value: Any) -> str:
    """A value as it may be printed: figures, times, ids and our own words; of anybody's words length and hash."""
    match value:
        case None:
            return "nothing"
        case bool() | int() | float() | Decimal() | UUID() | datetime():
            return str(value)
        case str() if _is_ours(field, value):
            return value
        case str():
            return f"{len(value)} characters ({_hash(value.encode())})"
        case _:
            size = f"{len(value)} items" if isinstance(value, list | dict) else "a value"
            return f"{size} ({_hash(_encode(value))})"


def _is_ours(field: str, value: str) -> bool:
    leaf = field.rpartition(".")[2].partition("[")[0]
    if leaf in _PLAIN or ".versions." in f".{field}":
        return value.isprintable() and len(value) <= 100
    return _ID_OR_TIME.fullmatch(value) is not None


def _hash(data: bytes) -> str:
    return f"sha256 {hashlib.sha256(data).hexdigest()[:12]}"
