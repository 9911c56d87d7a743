"""The interviewer by model: it chooses among the Director's offers and finds the words, within what may be said."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from uuid import UUID

from agents.briefing import REPLY, is_verbatim, reply_message, reply_system, signpost
from agents.calls import BudgetSpent, Call, CallError, Door, Message, Unavailable
from agents.events import ReplyKind
from agents.guard import ANSWER, LEAD, PROBE, Bounds, Guard, secrets_of
from agents.offers import Brief, Choice, Writer
from agents.reply import LONGEST_HEADER
from storage.ids import uuid7

NAME = "model"
VERSION = f"model-interviewer/1 reply/{REPLY.version} {REPLY.tier}"

WRITTEN: frozenset[ReplyKind] = frozenset({"next", "probe", "your_questions", "answer"})
"""Replies that a model writes. Greetings, consent, repeats, hints and nudges are the Director's, to the letter."""


class ModelInterviewer:
    """Implements `Writer` by a model, and by `fallback` where none can be had.

    `on_fallback` is told why, each time; `on_recovery` once a model writes again after that.
    """

    name = NAME
    version = VERSION

    def __init__(
        self,
        door: Door,
        fallback: Writer,
        *,
        tenant_id: UUID,
        interview_id: UUID,
        on_fallback: Callable[[CallError], None] = lambda _cause: None,
        on_recovery: Callable[[], None] = lambda: None,
        ids: Callable[[], UUID] = uuid7,
    ) -> None:
        self._door = door
        self._fallback = fallback
        self._tenant_id = tenant_id
        self._interview_id = interview_id
        self._on_fallback = on_fallback
        self._on_recovery = on_recovery
        self._ids = ids
        self._has_fallen_back = False

    async def write(self, brief: Brief) -> AsyncIterator[str]:
        """The header's line and the words that may be said, sentence by sentence.

        Raises `BrokeOff` once words have come; before that a model that cannot be had is no error.
        """
        if not is_for_a_model(brief):
            yield f"{brief.offer.default.header}\n"
            return
        has_begun = False
        try:
            async with aclosing(self._by_model(brief)) as words:
                async for piece in words:
                    has_begun = True
                    yield piece
        except (BudgetSpent, Unavailable) as cause:
            if has_begun:
                raise
            self._has_fallen_back = True
            self._on_fallback(cause)
        else:
            return
        async for piece in self._fallback.write(brief):
            yield piece

    async def _by_model(self, brief: Brief) -> AsyncGenerator[str, None]:
        async with aclosing(self._door.stream(self.call(brief))) as stream:
            header, rest = await _header(stream)
            if self._has_fallen_back:
                self._has_fallen_back = False
                self._on_recovery()
            yield f"{header}\n"
            choice = brief.offer.named(header)
            if choice is None:
                return  # Whatever else it says, the Director's default is what will be said.
            guard = guard_for(brief, choice)
            if said := guard.take(rest):
                yield said
            while not guard.is_done and (chunk := await anext(stream, None)) is not None:
                if said := guard.take(chunk):
                    yield said
            if said := guard.end():
                yield said
        if guard.has_spoken and (more := completion(brief, choice, guard)):
            yield f" {more}"

    def call(self, brief: Brief) -> Call:
        """What the door is asked for this brief."""
        return Call(
            task="reply",
            tier=REPLY.tier,
            prompt_name=REPLY.name,
            prompt_version=REPLY.version,
            system=reply_system(brief),
            messages=(Message("user", reply_message(brief)),),
            max_tokens=REPLY.max_tokens,
            effort=REPLY.effort,
            priority="live",
            tenant_id=self._tenant_id,
            interview_id=self._interview_id,
            entity_type="interview",
            entity_id=self._interview_id,
            request_id=f"reply/{self._ids()}",
        )


def is_for_a_model(brief: Brief) -> bool:
    """Whether there is anything to choose or to find words for: the candidate spoke, and the reply goes on from it."""
    return bool(brief.said.strip()) and any(choice.kind in WRITTEN for choice in brief.offer.choices)


def completion(brief: Brief, choice: Choice, guard: Guard) -> str:
    """What is still to be said by us after a model's words: where we are in the interview, or what a probe asks."""
    if choice.verbatim:
        return signpost(brief, choice)
    return "" if guard.has_asked else choice.text


def guard_for(brief: Brief, choice: Choice) -> Guard:
    """What may be said under that choice."""
    wordings = [offered.wording for offered in brief.offer.choices]
    secrets = secrets_of(REPLY.own_words, brief.plan.questions, wordings)
    asked = brief.question.text[brief.language] if brief.question else ""
    follows = f"{signpost(brief, choice)} {choice.text}" if is_verbatim(brief, choice) else ""
    return Guard(_bounds(brief, choice), secrets, brief.language, subject=f"{choice.text} {asked}", follows=follows)


def _bounds(brief: Brief, choice: Choice) -> Bounds:
    if choice.kind == "answer":
        return ANSWER
    return LEAD if is_verbatim(brief, choice) else PROBE


async def _header(stream: AsyncGenerator[str, None]) -> tuple[str, str]:
    """The first line and what has come after it; of a line that is too long no more than shows that it is."""
    read = ""
    while "\n" not in read and len(read) <= LONGEST_HEADER:
        chunk = await anext(stream, None)
        if chunk is None:
            break
        read = (read + chunk).lstrip()
    header, _, rest = read.partition("\n")
    return header[: LONGEST_HEADER + 1].rstrip(), rest
