"""The coach by model: what whoever practised is told first, with nothing in it that they did not say.

What it writes is kept as a fact of the log, once for each set of scores. Whatever of it cannot be used is left out, and
the report then says it by arithmetic (`agents.coaching.advice`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from agents import unsayable
from agents.calls import Call, CallError, Completion, Door, Message
from agents.coaching.advice import FAIR, judged_seq, one_sentence, to_reword
from agents.coaching.faithful import Faithful
from agents.coaching.rewording import Form, told_as
from agents.events import (
    BetterAnswer,
    BetterKind,
    BetterPart,
    CoachedChange,
    CoachedMoment,
    CoachingWritten,
    Event,
)
from agents.guard import plain
from agents.outcomes import QuestionView
from agents.plans import Language
from agents.quoting import Cited, found
from agents.rehearsal.passages import told
from agents.rehearsal.words import sentences
from agents.report import Report
from agents.scoring import Answer
from prompts import Block, cut, element, elements, load_prompt
from storage.ids import uuid7

COACH = load_prompt("coach")
VERSION = f"model-coach/1 coach/{COACH.version} {COACH.tier}"
LONGEST_SENTENCE = 300
LONGEST_PART = 700
LONGEST_TEXT = 1_500
"""Characters of a question, a point, an anchor or a suggestion."""
LONGEST_ANSWERS = 30_000
"""Characters of all answers together; of longer ones each turn loses its middle."""

PARTS: dict[Form, tuple[BetterKind, ...]] = {
    "story": ("situation", "action", "result"),
    "explanation": ("answer", "reason", "tradeoff"),
}

_KINDS = tuple(kind for kinds in PARTS.values() for kind in kinds)
_TEXT: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "null"}]}
_PROPERTIES: dict[str, Any] = {
    "moment_question": _TEXT,
    "moment_quote": {
        "anyOf": [
            {
                "type": "object",
                "properties": {"seq": {"type": "integer"}, "text": {"type": "string"}},
                "required": ["seq", "text"],
                "additionalProperties": False,
            },
            {"type": "null"},
        ]
    },
    "moment_why": _TEXT,
    "change_question": _TEXT,
    "change": _TEXT,
    "better": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "part": {"type": "string", "enum": list(_KINDS)},
                "text": _TEXT,
            },
            "required": ["part", "text"],
            "additionalProperties": False,
        },
    },
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": _PROPERTIES,
    "required": list(_PROPERTIES),
    "additionalProperties": False,
}


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    part: BetterKind
    text: str | None


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model's answer, as `SCHEMA` asks for it."""

    moment_question: str | None
    moment_quote: Cited | None
    moment_why: str | None
    change_question: str | None
    change: str | None
    better: tuple[_Part, ...]


class Usable(msgspec.Struct, frozen=True):
    """What of it can be used, and in words for the model what cannot."""

    moment: CoachedMoment | None
    change: CoachedChange | None
    better: BetterAnswer | None
    faults: tuple[str, ...]


class Practice(msgspec.Struct, frozen=True):
    """What a coach is given: the answers that were scored, what was found in each, and the one to tell better."""

    interview_id: UUID
    language: Language
    """The interview's."""
    views: tuple[QuestionView, ...]
    answers: dict[str, Answer]
    to_reword: Answer | None
    judged_seq: int


class Coach:
    """Writes coaching by a model. Raises `CallError` where none can be had or none can be read."""

    version = VERSION

    def __init__(self, door: Door, *, tenant_id: UUID, ids: Callable[[], UUID] = uuid7) -> None:
        self._door = door
        self._tenant_id = tenant_id
        self._ids = ids

    async def write(self, practice: Practice) -> CoachingWritten | None:
        """What can be used of what a model writes; asks once more where something cannot. None where nothing can."""
        messages: tuple[Message, ...] = (Message("user", coach_message(practice)),)
        first = await self._door.complete(self._call(practice, messages))
        usable = read_coaching(practice, first.text)
        calls = [first]
        if usable.faults:
            faults = elements([element("fault", fault, at_most=400) for fault in usable.faults])
            again = COACH.part("coach_again").render({"faults": faults})
            messages = (*messages, Message("assistant", first.text), Message("user", again))
            second = await self._second(practice, messages)
            if second is not None:
                calls.append(second)
                usable = _together(usable, read_coaching(practice, second.text))
        if usable.moment is None and usable.change is None and usable.better is None:
            return None
        return CoachingWritten(
            by=VERSION,
            judged_seq=practice.judged_seq,
            moment=usable.moment,
            change=usable.change,
            better=usable.better,
            lineage=tuple(dict.fromkeys(call.lineage_id for call in calls)),
        )

    async def _second(self, practice: Practice, messages: tuple[Message, ...]) -> Completion | None:
        """A second answer; without one, what could be used of the first is used."""
        try:
            return await self._door.complete(self._call(practice, messages))
        except CallError:
            return None

    def _call(self, practice: Practice, messages: tuple[Message, ...]) -> Call:
        return Call(
            task="coach",
            tier=COACH.tier,
            prompt_name=COACH.name,
            prompt_version=COACH.version,
            system=(COACH.main.render({}),),
            messages=messages,
            max_tokens=COACH.max_tokens,
            effort=COACH.effort,
            schema=SCHEMA,
            priority="soon",
            tenant_id=self._tenant_id,
            interview_id=practice.interview_id,
            entity_type="report",
            request_id=f"coach/{practice.interview_id}/{practice.judged_seq}/{self._ids()}",
        )


def coach_message(practice: Practice) -> str:
    """The answers with their questions, points and levels; nothing about who gave them."""
    turns = sum(len(answer.turns) for answer in practice.answers.values())
    share = max(200, LONGEST_ANSWERS // max(1, turns))
    blocks = [_answer_block(practice, view, share) for view in practice.views]
    language = element("language", practice.language, at_most=10)
    return COACH.part("coach_answers").render({"language": language, "answers": elements(blocks)})


def _answer_block(practice: Practice, view: QuestionView, share: int) -> Block:
    answer = practice.answers[view.id]
    is_better = practice.to_reword is not None and practice.to_reword.question.id == view.id
    within = [
        element("question", view.text, at_most=LONGEST_TEXT),
        *(element("point", text, at_most=LONGEST_TEXT, was="made") for text in view.covered),
        *(element("point", text, at_most=LONGEST_TEXT, was="missed") for text in view.missed),
        element("anchor", view.anchor, at_most=LONGEST_TEXT),
        element("suggestion", view.suggestion or "", at_most=LONGEST_TEXT),
        *(element("turn", turn.text, at_most=share, seq=str(turn.seq)) for turn in answer.turns),
    ]
    empty = element(
        "answer",
        "",
        at_most=0,
        question=view.id,
        level=str(view.level or "none"),
        form=told_as(answer),
        better="yes" if is_better else "no",
    )
    closing = "</answer>"
    return Block(f"{empty.markup.removesuffix(closing)}\n{elements(within).markup}\n{closing}")


def read_coaching(practice: Practice, text: str) -> Usable:
    """What can be used of what a model wrote. A text that is no such document has one fault and nothing else."""
    try:
        written = msgspec.json.decode(text, type=_Written)
    except msgspec.MsgspecError:
        return Usable(None, None, None, ("It is not a document of the form that was asked for.",))
    faults: list[str] = []
    moment = _moment(practice, written, faults)
    change = _change(practice, written, faults)
    better = _better(practice, written, faults)
    return Usable(moment, change, better, tuple(faults))


def _moment(practice: Practice, written: _Written, faults: list[str]) -> CoachedMoment | None:
    if written.moment_quote is None or written.moment_question is None or written.moment_why is None:
        return None
    view = _view(practice, written.moment_question)
    if view is None or view.level is None or view.level < FAIR:
        faults.append(f"The strongest moment is not from an answer of level {FAIR} or above.")
        return None
    quotes = found([written.moment_quote], practice.answers[view.id].turns, 1)
    if not quotes:
        faults.append("The quote of the strongest moment does not stand in its turn to the letter.")
        return None
    why = _sentence(practice, view, written.moment_why, faults)
    return CoachedMoment(view.id, quotes[0], why) if why else None


def _change(practice: Practice, written: _Written, faults: list[str]) -> CoachedChange | None:
    if written.change_question is None or written.change is None:
        return None
    view = _view(practice, written.change_question)
    if view is None:
        faults.append("The one thing to change is about no answer that was given here.")
        return None
    text = _sentence(practice, view, written.change, faults)
    return CoachedChange(view.id, text) if text else None


def _sentence(practice: Practice, view: QuestionView, written: str, faults: list[str]) -> str:
    """One sentence of advice as it may be shown; "" for one that may not."""
    text = cut(one_sentence(plain(written)), LONGEST_SENTENCE).strip()
    if not text or unsayable.talks_of_itself(text) or unsayable.tells_outcome(text):
        faults.append("A sentence is empty, tells an outcome, or tells of the instructions.")
        return ""
    answer = practice.answers[view.id]
    known = " ".join((view.text, view.anchor, *view.covered, *view.missed, view.suggestion or ""))
    new = Faithful([turn.text for turn in answer.turns], _spoken_in(answer)).new_names_in(text, known=known)
    if new:
        faults.append(f"This advice tells figures or names that nobody said: {', '.join(new)}.")
        return ""
    return text


def _better(practice: Practice, written: _Written, faults: list[str]) -> BetterAnswer | None:
    """The answer told better, refused as a whole where a sentence of it tells something new."""
    answer = practice.to_reword
    if answer is None:
        return None
    language = _spoken_in(answer)
    faithful = Faithful([turn.text for turn in answer.turns], language)
    texts: dict[BetterKind, str] = {}
    for part in written.better:
        text = plain(part.text or "")
        if part.part in texts:
            faults.append(f"The part {part.part} is there twice.")
            return None
        texts[part.part] = text
    kinds = PARTS[told_as(answer)]
    if not any(texts.values()) or not set(texts) <= set(kinds) or max(map(len, texts.values())) > LONGEST_PART:
        faults.append(f"The better version has no text, is too long, or has other parts than {', '.join(kinds)}.")
        return None
    new = [
        (text[span.start : span.end], words)
        for text in texts.values()
        for span in sentences(text)
        if (words := faithful.new_in(text[span.start : span.end]))
    ]
    faults += [f"“{sentence}” tells what was not said: {', '.join(words)}." for sentence, words in new]
    if new:
        return None
    return BetterAnswer(answer.question.id, language, tuple(BetterPart(kind, texts.get(kind, "")) for kind in kinds))


def _view(practice: Practice, question_id: str) -> QuestionView | None:
    return next((view for view in practice.views if view.id == question_id), None)


def _spoken_in(answer: Answer) -> Language:
    return told(answer.turns, answer.question, answer.competency, answer.language).language


def _together(first: Usable, second: Usable) -> Usable:
    """Of each the second's, or the first's where the second has none that can be used."""
    return Usable(
        second.moment or first.moment, second.change or first.change, second.better or first.better, second.faults
    )


def practice_of(interview_id: UUID, report: Report, answers: Mapping[str, Answer], log: Sequence[Event]) -> Practice:
    """What a coach is given of a report: its answered questions, the answer of its advice to be told better."""
    views = tuple(view for view in report.questions if view.id in answers and view.outcome == "answered")
    change = report.coaching.change if report.coaching else None
    worth = to_reword(views, change.question_id if change else None, answers)
    return Practice(interview_id, report.language, views, dict(answers), worth[0] if worth else None, judged_seq(log))
