"""The rehearsal interviewer: it probes for what an answer lacks, acknowledges without praise, and asks no model."""

from collections.abc import AsyncIterator, Iterator, Sequence

import msgspec

from agents.offers import Brief, Choice
from agents.phrases import phrase
from agents.plans import Missing, Probe
from agents.rehearsal.acknowledgements import Mood, acknowledgement, naming
from agents.rehearsal.analysis import Reading, read
from agents.rehearsal.facts import fact_for
from agents.scoring import AnswerTurn

NAME = "rehearsal"
VERSION = "rehearsal-interviewer/1"

_ENOUGH = 0.6
"""Share of the expected points with which an answer is full."""
_HELPS: tuple[Missing, ...] = ("example", "own_part", "point", "result", "depth", "number")
"""What to ask one who has not told anything: first what is easiest to begin with."""
_SEEKS: tuple[Missing, ...] = ("point", "result", "own_part", "number", "depth", "example")
"""What to ask one who has, in this order."""
_CHUNK_WORDS = 4
_PLAIN_LEADS = ("next_1", "next_2", "next_3", "probe")


class RehearsalInterviewer:
    """Implements `Writer` without a model. The same brief always gets the same reply."""

    name = NAME
    version = VERSION

    async def write(self, brief: Brief) -> AsyncIterator[str]:
        """The header's line, then the words in a few pieces. Of a verbatim choice only the lead is written, and an
        opening never is: both are said by whoever made the offer.
        """
        header, words = reply(brief)
        yield f"{header}\n"
        for piece in _pieces(words):
            yield piece


class Heard(msgspec.Struct, frozen=True):
    """The open answer as a whole, and the candidate's last words by themselves."""

    whole: Reading
    last: Reading

    @property
    def mood(self) -> Mood:
        if self.last.hostile and not self.last.touches:
            return "hostile"
        if self.last.declined or self.last.silent:
            return "unknown"
        goes_round = self.last.own == 0 or (self.last.evasive and not self.whole.touches)
        return "evasive" if goes_round else "told"


def reply(brief: Brief) -> tuple[str, str]:
    """The chosen header and the words to write."""
    heard = _heard(brief)
    choice = choose(brief, heard)
    text = "" if choice.verbatim else choice.text
    return choice.header, f"{_lead(brief, choice, heard)} {text}".strip()


def choose(brief: Brief, heard: Heard | None) -> Choice:
    """The default (to go on), or the probe for what is missing most."""
    question = brief.question
    if question is None or heard is None or heard.mood == "hostile":
        return brief.offer.default
    offered = [
        (question.probe(choice.probe_id), choice)
        for choice in brief.offer.choices
        if choice.kind == "probe" and choice.question_id == question.id and choice.probe_id
    ]
    probes = [probe for probe, _ in offered]
    if heard.mood == "told":
        order = () if _is_enough(heard.whole, probes) else _SEEKS
    else:
        is_pressed = any((line.header or "").startswith(f"probe {question.id} ") for line in brief.lines)
        order = () if is_pressed else _HELPS
    for missing in order:
        fitting = [probe for probe in probes if probe.seeks == missing and not heard.whole.has(missing, probe.point)]
        if fitting:
            seeking = min(fitting, key=lambda probe: _strength(heard.whole, probe))
            return next(choice for probe, choice in offered if probe is seeking)
    return brief.offer.default


def _heard(brief: Brief) -> Heard | None:
    if brief.question is None or not brief.said.strip() or brief.offer.default.kind not in ("next", "your_questions"):
        return None
    turns = [AnswerTurn(seq=at, text=text, probe_id="" if at else None) for at, text in enumerate(brief.answer)]
    return Heard(
        whole=read(turns, brief.question, brief.language),
        last=read([AnswerTurn(seq=0, text=brief.said, probe_id="")], brief.question, brief.language),
    )


def _is_enough(whole: Reading, probes: Sequence[Probe]) -> bool:
    """Most of the points are made, and nothing is open of what a probe seeks of the result or the person's part.

    What is explained with its reasons needs no result of its own: it may not have happened.
    """
    if whole.coverage < _ENOUGH:
        return False
    if whole.explains and whole.has("depth"):
        return True
    sought = {probe.seeks for probe in probes} & {"result", "own_part"}
    return all(whole.has(missing) for missing in sought)


def _strength(whole: Reading, probe: Probe) -> float:
    return whole.points[probe.point].strength if probe.point in whole.points else 0.0


def _lead(brief: Brief, choice: Choice, heard: Heard | None) -> str:
    before = [line.text for line in brief.lines if line.speaker == "interviewer"]
    turn = len(before)
    if choice.kind == "answer":
        fact = fact_for(brief.said, brief.plan.facts, brief.language)
        return fact or choice.lead
    if heard is None or brief.question is None or choice.kind not in ("next", "probe"):
        return choice.lead
    parts = [acknowledgement(heard.mood, brief.language, turn, before, staying=choice.kind == "probe")]
    # Naming a thing back opens what is asked about it; before another question it would lead nowhere.
    if choice.kind == "probe" and heard.mood == "told" and turn % 2 == 0 and not heard.last.other_language:
        parts.append(naming(brief.said, brief.question, brief.language, before))
    if choice.lead not in {phrase(brief.language, name) for name in _PLAIN_LEADS}:
        parts.append(choice.lead)
    return " ".join(part for part in parts if part)


def _pieces(words: str) -> Iterator[str]:
    """The words a few at a time, spaces and all, as a model streams them."""
    parts = words.split(" ")
    for at in range(0, len(parts), _CHUNK_WORDS):
        more = " " if at + _CHUNK_WORDS < len(parts) else ""
        yield " ".join(parts[at : at + _CHUNK_WORDS]) + more
