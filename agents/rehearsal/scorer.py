"""The rehearsal scorer: a level from words alone, by a formula that `docs/scoring.md` explains. No model is asked."""

from typing import Literal

import msgspec

from agents.events import Quote
from agents.plans import Missing
from agents.rehearsal.analysis import Reading, read
from agents.rehearsal.passages import Passage
from agents.rehearsal.suggestions import for_missing, for_null
from agents.scoring import Answer, NullReason, Score

VERSION = "rehearsal-scorer/2"

COVERAGE, STRUCTURE, SPECIFICITY = 0.5, 0.2, 0.3
RESULT, OWN_PART, NUMBER, EXAMPLE, REASON = 0.25, 0.25, 0.2, 0.15, 0.15
"""A story's specificity."""
WHY, TRADE_OFF, FIGURE, CASE = 0.35, 0.35, 0.15, 0.15
"""An explanation's specificity, where the question asks for one; the better of the two counts."""
OFF_SUBJECT = 0.6
"""What is left of an answer's worth when nothing in it is of the question's subject."""
THRESHOLDS = (0.2, 0.4, 0.6, 0.8)
"""Worth from which the levels 2, 3, 4 and 5 begin."""
CAPS = ((0.01, 1), (0.25, 2), (0.5, 3))
"""Below this coverage, no more than this level: a well told story about something else."""
FEWEST_WORDS = 10
FEWEST_CONTENT = 12
"""Distinct words that carry meaning; with fewer, and no expected point made, there is too little to judge."""
SUBJECT_WORDS, SUBJECT_SHARE = 2, 0.15
"""Fewer telling words of the question's subject, and a smaller share of it in all words, are about something else."""
STORY = 0.6
"""A story with two of its three parts answers a question that asks for one, whatever its words."""
MOST_QUOTES = 3


_STORY_STEP = STRUCTURE * 0.3
_TOLD: dict[Missing, float] = {
    "result": SPECIFICITY * RESULT + _STORY_STEP,
    "own_part": SPECIFICITY * OWN_PART + _STORY_STEP,
    "number": SPECIFICITY * NUMBER,
    "example": SPECIFICITY * EXAMPLE,
    "depth": SPECIFICITY * REASON,
}
"""What each thing that is missing would add to a story's worth."""
_EXPLAINED: dict[Missing, float] = {
    "depth": SPECIFICITY * TRADE_OFF + _STORY_STEP,
    "number": SPECIFICITY * FIGURE,
    "example": SPECIFICITY * CASE,
}


class RehearsalScorer:
    """Implements `Scorer` without a model. The same answer always gets the same score."""

    version = VERSION
    kind: Literal["rehearsal", "model"] = "rehearsal"

    async def score(self, answer: Answer) -> tuple[Score, ...]:
        """One score, for the question's competency."""
        return (judge(answer),)


class Worth(msgspec.Struct, frozen=True):
    """The figures of an answer, 0–1 each."""

    coverage: float
    structure: float
    specificity: float
    relevance: float

    @property
    def value(self) -> float:
        told = COVERAGE * self.coverage + STRUCTURE * self.structure + SPECIFICITY * self.specificity
        return told * (OFF_SUBJECT + (1 - OFF_SUBJECT) * self.relevance)

    @property
    def level(self) -> int:
        """1–5."""
        reached = 1 + sum(_rounded(self.value) >= threshold for threshold in THRESHOLDS)
        return min([reached, *(most for below, most in CAPS if _rounded(self.coverage) < below)])

    @property
    def parts(self) -> dict[str, float]:
        figures = msgspec.structs.asdict(self) | {"value": self.value}
        return {name: _rounded(figure) for name, figure in figures.items()}


def judge(answer: Answer) -> Score:
    """The score of an answer; `null` with its reason where there is too little of the candidate's own to judge."""
    reading = read(answer.turns, answer.question, answer.language, answer.competency, by_kin=True)
    reason, worth = null_reason(reading), worth_of(reading)
    level = None if reason else worth.level
    return Score(
        competency=answer.competency.id,
        level=level,
        null_reason=reason,
        anchor=answer.competency.anchors[level - 1][answer.language] if level else "",
        evidence=evidence(reading) if level else (),
        covered=reading.made,
        missed=reading.missed,
        suggestion=for_null(reason, answer.language) if reason else _suggestion(answer, reading),
        judge=VERSION,
        parts=worth.parts,
    )


def null_reason(reading: Reading) -> NullReason | None:
    """Why an answer is not judged; None where it is."""
    told_something = reading.touches or "own_part" in reading.signs or "result" in reading.signs
    if reading.own == 0 or reading.declined:
        return "not_answered"
    if reading.content < FEWEST_CONTENT and not told_something and (reading.evasive or reading.hostile):
        return "not_answered"
    if reading.own < FEWEST_WORDS or (reading.content < FEWEST_CONTENT and not reading.made):
        return "not_answered" if reading.copied > 0.5 else "too_little"
    if not any(passage.spoken for passage in reading.passages):
        return "too_little"
    is_story = not reading.explains and reading.story >= STORY
    if reading.subject < SUBJECT_WORDS and reading.on_topic < SUBJECT_SHARE and not (reading.touches or is_story):
        return "off_topic"
    return None


def worth_of(reading: Reading) -> Worth:
    """The figures that the level comes from."""
    signs = reading.signs
    story = (
        RESULT * ("result" in signs)
        + OWN_PART * ("own_part" in signs)
        + NUMBER * ("number" in signs)
        + EXAMPLE * ("example" in signs)
        + REASON * ("reason" in signs or "tradeoff" in signs)
    )
    explanation = (
        WHY * ("reason" in signs)
        + TRADE_OFF * ("tradeoff" in signs)
        + FIGURE * ("number" in signs)
        + CASE * ("example" in signs)
    )
    return Worth(
        coverage=reading.coverage,
        structure=max(reading.story, reading.explanation) if reading.explains else reading.story,
        specificity=max(story, explanation) if reading.explains else story,
        relevance=reading.relevance,
    )


def evidence(reading: Reading) -> tuple[Quote, ...]:
    """Up to three sentences of the candidate, to the letter: those that make points, then those that show signs."""
    points = sorted(
        (made for made in reading.points.values() if made.passage is not None),
        key=lambda made: (-made.strength, made.passage),
    )
    wanted = [made.passage for made in points if made.passage is not None]
    for sign in ("result", "own_part", "number", "example", "reason"):
        wanted += reading.signs[sign][:1]
    spoken = [index for index, passage in enumerate(reading.passages) if passage.spoken]
    wanted += sorted(spoken, key=lambda index: (-len(reading.passages[index].tokens), index))[:1]
    unkind = set(reading.signs["hostile"])
    chosen = list(dict.fromkeys(index for index in wanted if index not in unkind))[:MOST_QUOTES]
    if not chosen:
        chosen = wanted[:1]
    return tuple(_quote(reading.passages[index]) for index in sorted(chosen))


def _quote(passage: Passage) -> Quote:
    return Quote(text=passage.text, seq=passage.seq, start=passage.start, end=passage.end)


def _suggestion(answer: Answer, reading: Reading) -> str | None:
    """The one thing that would raise the worth most, in the interview's language."""
    share = COVERAGE / max(1, len(reading.points))
    gains: list[tuple[float, Missing, str | None]] = [
        (share * (0.5 if made.touched else 1.0), "point", point)
        for point, made in reading.points.items()
        if not made.made
    ]
    given = {sign: sign in reading.signs for sign in ("result", "own_part", "number", "example")}
    given["depth"] = "tradeoff" in reading.signs or (not reading.explains and "reason" in reading.signs)
    order = _EXPLAINED if reading.explains else _TOLD
    gains += [(gain, missing, None) for missing, gain in order.items() if not given[missing]]
    if not gains:
        return None
    _, missing, point_id = min(gains, key=lambda gain: (-_rounded(gain[0]), gain[1], gain[2] or ""))
    point = next((point for point in answer.question.points if point.id == point_id), None)
    return for_missing(missing, answer.language, point)


def _rounded(figure: float) -> float:
    """To four places, so that a sum of tenths meets its threshold whatever the order of adding."""
    return round(figure, 4)
