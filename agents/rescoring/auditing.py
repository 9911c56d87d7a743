"""Whether every score rests on what it says it rests on. Pure, and silent about what anybody said.

A score is sound when a call in the lineage gave it; when each of its quotes stands, to the letter, in the turn it
names, which belongs to the answer judged; when its level has the words of the pinned rubric, or there is a reason for
there being none; and when the log says the same. That no score came in time is a fact of the log alone: nobody judged,
so there is no row and no lineage.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, get_args
from uuid import UUID

import msgspec

from agents.events import Quote, ScoreGiven, TurnClosed
from agents.plans import Plan, Question, Rubric
from agents.scoring import LEVELS, NullReason

Row = dict[str, Any]

TIMED_OUT = "timed_out"
FEWEST_JUDGES, APART = 2, 2
"""Judges of a panel, and levels between two of them from which on a person should look. Said here once more, and the
panel's arithmetic done once more: an audit does not ask whom it audits.
"""
_PANEL = " panel"
"""How the name ends by which a panel signs."""
_REASONS = frozenset(get_args(NullReason))
_OURS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.#/ -]{0,99}")
_HASHES = ("prompt_hash", "input_hash", "output_hash")
"""Of a model's call; arithmetic has no prompt."""
_HASH = re.compile(r"(?!0{64})[0-9a-f]{64}")
_GIVEN = (
    ("level", "level"),
    ("null_reason", "null_reason"),
    ("anchor", "anchor"),
    ("covered", "key_points_covered"),
    ("missed", "missed_points"),
    ("suggestion", "suggested_improvement"),
    ("spread", "spread"),
    ("needs_review", "needs_review"),
)
"""Fields of a `score.given` and of its row that say the same."""


class Fault(msgspec.Struct, frozen=True):
    """One thing that does not hold. `where` and `told` are ids, places and figures: nobody's words."""

    interview: UUID
    where: str
    """`run <id> q1 version 1 ownership <judge>`, or `event 17`."""
    rule: str
    told: str


class Found(msgspec.Struct, frozen=True):
    """What was looked at in one interview, and what is wrong with it."""

    scores: int
    quotes: int
    faults: tuple[Fault, ...]


def audit(interview_id: UUID, plan: Any, rubric: Any, parts: Mapping[str, Sequence[Row]]) -> Found:
    """Everything that does not hold of one interview's scores.

    `plan` and `rubric` are the documents it pinned. `parts` are rows of JSON: `events` (closed turns, scores given),
    `questions`, `responses`, `scoring_runs`, `scores`, `lineage`, and the `transcript`'s segments.
    """
    scores = parts["scores"]
    quotes = sum(len(_items(row["evidence"])) for row in scores)
    if not scores and not any(row["type"] == "score.given" for row in parts["events"]):
        return Found(0, 0, ())
    try:
        held = _Audit(interview_id, msgspec.convert(plan, Plan), msgspec.convert(rubric, Rubric), parts)
    except msgspec.ValidationError:
        unreadable = Fault(interview_id, "plan and rubric", "plan_unreadable", "cannot be read by this release")
        return Found(len(scores), quotes, (unreadable,))
    return Found(len(scores), quotes, tuple(held.faults()))


class _Audit:
    """Holds the scores of one interview against what they rest on."""

    def __init__(self, interview_id: UUID, plan: Plan, rubric: Rubric, parts: Mapping[str, Sequence[Row]]) -> None:
        self._id = interview_id
        self._questions = {question.id: question for question in plan.questions}
        self._competencies = {competency.id: competency for competency in rubric.competencies}
        self._keys = {str(row["id"]): str(row["question_key"]) for row in parts["questions"]}
        self._responses = {str(row["id"]): row for row in parts["responses"]}
        self._runs = {str(row["id"]): row for row in parts["scoring_runs"]}
        self._lineage = {str(row["id"]): row for row in parts["lineage"]}
        self._segments = {row.get("seq"): str(row.get("text")) for row in parts["transcript"]}
        self._scores = parts["scores"]
        self._events = parts["events"]
        self._turns = dict(_turns(parts["events"]))

    def faults(self) -> Iterator[Fault]:
        for row in self._scores:
            where = self._where(row)
            for rule, told in self._of_score(row):
                yield Fault(self._id, where, rule, told)
        yield from self._of_log()
        yield from self._of_judges()
        yield from self._of_runs()

    def _where(self, row: Row) -> str:
        answer = self._answer(row)
        return f"run {row['run_id']} {answer} {_id(row['competency'])} {_id(row['judge'])}"

    def _answer(self, row: Row) -> str:
        response = self._responses.get(str(row["response_id"]))
        key = self._keys.get(str(row["question_id"]), "?")
        return f"{_id(key)} version {response['version'] if response else '?'}"

    # --- one row ------------------------------------------------------------------------------------------------

    def _of_score(self, row: Row) -> Iterator[tuple[str, str]]:
        yield from self._of_lineage(row)
        yield from self._of_level(row)
        if str(row["response_id"]) not in self._responses or str(row["run_id"]) not in self._runs:
            yield "answer_or_run_missing", "the answer judged, or the run, is not there"
            return
        question = self._questions.get(self._keys.get(str(row["question_id"]), ""))
        if question is None:
            yield "question_not_in_plan", "the pinned plan has no such question"
            return
        yield from self._of_rubric(row, question)
        yield from _of_points(row, question)
        yield from self._of_quotes(row, question)

    def _of_lineage(self, row: Row) -> Iterator[tuple[str, str]]:
        call = self._lineage.get(str(row["lineage_id"]))
        if call is None:
            yield "lineage_missing", "names none" if row["lineage_id"] is None else f"{row['lineage_id']} is not there"
            return
        if call["interview_id"] != str(self._id) or call["agent_type"] != "scorer":
            yield "lineage_of_something_else", f"{row['lineage_id']} is no judgement of this interview"
        hashes = (
            ("input_hash", "output_hash")
            if call["provider"] == "viva"
            else ("prompt_hash", "input_hash", "output_hash")
        )
        lacking = [name for name in hashes if not _HASH.fullmatch(call[name])]
        if lacking:
            yield "lineage_without_hashes", f"{row['lineage_id']} lacks {', '.join(lacking)}"

    def _of_level(self, row: Row) -> Iterator[tuple[str, str]]:
        level, reason = row["level"], row["null_reason"]
        if (level is None) == (reason is None):
            yield "level_or_reason", "both are given" if reason is not None else "neither is given"
        if level is not None and level not in range(1, LEVELS + 1):
            yield "level_out_of_range", str(level)
        if reason is not None and reason not in _REASONS:
            yield "unknown_reason", _id(reason)
        if reason == TIMED_OUT:
            yield "timed_out_has_a_row", "nobody judged, so nothing is kept but the fact"
        if level is not None and level > 1 and row["evidence"] == []:
            yield "level_without_evidence", f"level {level} rests on nothing"
        if level is None and _items(row["evidence"]):
            yield "evidence_without_level", f"{len(row['evidence'])} quotes"

    def _of_rubric(self, row: Row, question: Question) -> Iterator[tuple[str, str]]:
        competency = self._competencies.get(row["competency"])
        if competency is None:
            yield "competency_not_in_rubric", _id(row["competency"])
            return
        if question.competency != competency.id:
            yield "competency_of_another_question", f"the question is for {question.competency}"
        response = self._responses[str(row["response_id"])]
        level = row["level"]
        is_level = level in range(1, LEVELS + 1)
        words = competency.anchors[level - 1].get(response["language"]) if is_level else ""
        if row["anchor"] != words:
            yield "anchor_not_the_rubrics", f"level {level} in {_id(response['language'])} has other words"

    def _of_quotes(self, row: Row, question: Question) -> Iterator[tuple[str, str]]:
        quotes = _quotes(row["evidence"])
        if quotes is None:
            yield "evidence_unreadable", "not a list of quotes"
            return
        response = self._responses[str(row["response_id"])]
        spoken = {span.get("seq") for span in response["spans"]}
        for quote in quotes:
            place = f"turn {quote.seq}, characters {quote.start} to {quote.end}"
            turn = self._turns.get(quote.seq)
            if turn is None:
                yield "quote_of_no_turn", place
            elif not quote.text or not 0 <= quote.start < quote.end or turn.text[quote.start : quote.end] != quote.text:
                yield "quote_not_verbatim", place
            elif turn.question_id != question.id or quote.seq not in spoken:
                yield "quote_of_another_answer", place
            elif quote.text not in response["response_text"]:
                yield "quote_not_in_the_answer", place
            elif self._segments and self._segments.get(quote.seq, "")[quote.start : quote.end] != quote.text:
                yield "quote_not_in_the_transcript", place

    # --- rows together ------------------------------------------------------------------------------------------

    def _of_log(self) -> Iterator[Fault]:
        """Every score that was given live is a row, every row of the live run was given, and both say the same."""
        rows = {self._named(row): row for row in self._scores}
        told: set[tuple[str, str, int, str, str]] = set()
        for event in self._events:
            if event["type"] != "score.given":
                continue
            where = f"event {event['seq']}"
            try:
                fact = msgspec.convert(event["payload"], ScoreGiven)
            except msgspec.ValidationError:
                yield Fault(self._id, where, "event_unreadable", "not a score that this release can read")
                continue
            name = (str(fact.run_id), fact.question_id, fact.version, fact.competency, fact.scorer)
            told.add(name)
            row = rows.get(name)
            if fact.null_reason == TIMED_OUT:
                if fact.level is not None or fact.evidence:
                    yield Fault(self._id, where, "timed_out_with_a_level", "nobody judged")
            elif row is None:
                yield Fault(self._id, where, "event_without_row", f"no score of run {fact.run_id} says the same")
            else:
                yield from self._differences(where, fact, row)
        own = self._judges_rows()
        for name, row in rows.items():
            run = self._runs.get(name[0])
            if run is not None and run["reason"] == "live" and name not in told and str(row["id"]) not in own:
                yield Fault(self._id, self._where(row), "row_without_event", "the log tells of no such score")

    def _named(self, row: Row) -> tuple[str, str, int, str, str]:
        response = self._responses.get(str(row["response_id"]))
        key = self._keys.get(str(row["question_id"]), "?")
        return str(row["run_id"]), key, response["version"] if response else 0, row["competency"], row["judge"]

    def _differences(self, where: str, fact: ScoreGiven, row: Row) -> Iterator[Fault]:
        document: Row = msgspec.json.decode(msgspec.json.encode(fact))
        differing = [field for field, column in _GIVEN if document[field] != row[column]]
        if fact.evidence != _quotes(row["evidence"]):
            differing.append("evidence")
        if differing:
            yield Fault(self._id, where, "event_differs_from_row", ", ".join(differing))

    def _of_judges(self) -> Iterator[Fault]:
        """Where several judged, one row is their panel's, and says what theirs come to."""
        for group in self._groups():
            panels = [row for row in group if _is_panels(row)]
            judges = [row for row in group if not _is_panels(row)]
            if len(group) == 1 and not panels:
                continue
            if len(panels) != 1 or len(judges) < FEWEST_JUDGES:
                told = f"{len(panels)} of a panel, {len(judges)} of judges"
                yield Fault(self._id, self._where(group[0]), "panel_incomplete", told)
                continue
            for rule, told in _of_panel(panels[0], judges):
                yield Fault(self._id, self._where(panels[0]), rule, told)

    def _of_runs(self) -> Iterator[Fault]:
        """A run that is complete has a score of every answer that counts, or the log says that none came in time."""
        timed_out = {
            (event["payload"].get("question_id"), event["payload"].get("version"))
            for event in self._events
            if event["type"] == "score.given" and event["payload"].get("null_reason") == TIMED_OUT
        }
        scored = {(str(row["run_id"]), str(row["response_id"])) for row in self._scores}
        for run_id, run in self._runs.items():
            if run["status"] != "completed":
                continue
            for response_id, response in self._responses.items():
                key = self._keys.get(str(response["question_id"]), "?")
                excused = run["reason"] == "live" and (key, response["version"]) in timed_out
                if response["is_current"] and (run_id, response_id) not in scored and not excused:
                    where = f"run {run_id} {_id(key)} version {response['version']}"
                    yield Fault(self._id, where, "answer_without_score", "the run is complete")

    def _groups(self) -> Iterator[list[Row]]:
        """The scores of one run for one answer and competency."""
        groups: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
        for row in self._scores:
            groups[str(row["run_id"]), str(row["response_id"]), row["competency"]].append(row)
        yield from groups.values()

    def _judges_rows(self) -> set[str]:
        """Ids of the rows that are one judge's own, beside their panel's."""
        panelled = [group for group in self._groups() if any(map(_is_panels, group))]
        return {str(row["id"]) for group in panelled for row in group if not _is_panels(row)}


def _of_points(row: Row, question: Question) -> Iterator[tuple[str, str]]:
    known = {point.id for point in question.points}
    covered, missed = _items(row["key_points_covered"]), _items(row["missed_points"])
    unknown = [point for point in (*covered, *missed) if point not in known]
    if unknown:
        yield "point_not_in_plan", ", ".join(map(_id, unknown))
    both = set(map(str, covered)) & set(map(str, missed))
    if both:
        yield "point_covered_and_missed", ", ".join(sorted(map(_id, both)))


def _is_panels(row: Row) -> bool:
    return str(row["judge"]).endswith(_PANEL)


def _of_panel(panel: Row, judges: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """The median of the levels, of two the lower, where most give one; and whether a person should look."""
    levels = sorted(row["level"] for row in judges if row["level"] is not None)
    silent = len(judges) - len(levels)
    told = f"{levels} and {silent} without a level"
    level = levels[(len(levels) - 1) // 2] if len(levels) > silent else None
    if panel["level"] != level:
        yield "panel_is_no_median", f"level {panel['level']} of {told}"
    elif level is None and panel["null_reason"] not in {row["null_reason"] for row in judges}:
        yield "panel_reason_of_nobody", f"reason of {told}"
    spread = levels[-1] - levels[0] if len(levels) > 1 else None
    if panel["spread"] != spread:
        yield "panel_spread_differs", f"spread {panel['spread']} of {told}"
    differ = (spread or 0) >= APART or 0 < len(levels) < len(judges) or any(row["needs_review"] for row in judges)
    if differ and not panel["needs_review"]:
        yield "panel_without_review", f"no review for {told}"


def _turns(events: Sequence[Row]) -> Iterator[tuple[int, TurnClosed]]:
    """The closed turns by their `seq`; one that cannot be read is none."""
    for row in events:
        if row["type"] == "turn.closed":
            with suppress(msgspec.ValidationError):
                yield row["seq"], msgspec.convert(row["payload"], TurnClosed)


def _quotes(evidence: Any) -> tuple[Quote, ...] | None:
    """None where they cannot be read."""
    try:
        return msgspec.convert(evidence, tuple[Quote, ...])
    except msgspec.ValidationError:
        return None


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _id(value: Any) -> str:
    """An id or version as it may be printed; of anything else its length."""
    text = str(value)
    return text if _OURS.fullmatch(text) else f"{len(text)} characters"
