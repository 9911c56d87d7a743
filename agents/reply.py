"""One reply, from its writer to the candidate's ear: read the header, keep the decision, then let words through."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Literal
from uuid import UUID

from agents.events import ReplyKind
from agents.offers import Brief, Choice, Offer, Writer

LONGEST_HEADER = 80
HEADER_WITHIN_S = 2.0
NEXT_WORDS_WITHIN_S = 2.2
"""A writer that pauses longer has broken off, and the Director's wording finishes the reply: within four seconds, a
header that came late included. The door gives its model up sooner, so that the cause is known."""
LONGEST_LEAD = 400
LONGEST_REPLY = 1_200

Decide = Callable[["Reply", Choice, str | None], Awaitable[bool]]
"""Keeps the decision; False says that nothing may be said."""


class Draft:
    """A reply that is being written ahead of its turn, or for it. Reads its writer eagerly into memory."""

    def __init__(self, key: tuple[int, str], offer: Offer, writer: Writer, brief: Brief) -> None:
        self.key = key
        self.offer = offer
        self.brief = brief
        self._chunks: asyncio.Queue[str | Exception | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._read(writer, brief))

    async def _read(self, writer: Writer, brief: Brief) -> None:
        try:
            async for chunk in writer.write(brief):
                self._chunks.put_nowait(chunk)
        except Exception as broken:  # Whatever breaks a writer, the Director's wording takes over.
            self._chunks.put_nowait(broken)
        else:
            self._chunks.put_nowait(None)

    async def next(self, within_s: float) -> str | None:
        """The next words; None at the end. Raises `TimeoutError`, or what broke the writer."""
        async with asyncio.timeout(within_s):
            chunk = await self._chunks.get()
        if isinstance(chunk, Exception):
            raise chunk
        return chunk

    async def cancel(self) -> None:
        """Stops the writer; what it wrote is thrown away."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


class Reply:
    """What is said once. `stream` may be read once, by the voice."""

    def __init__(self, reply_id: UUID, draft: Draft, was_draft: Literal["hit", "miss", "none"], decide: Decide) -> None:
        self.id = reply_id
        self.offer = draft.offer
        self.was_draft = was_draft
        self.choice: Choice | None = None
        self.fell_back: str | None = None
        self.said = ""
        """All that was yielded, whether or not it was heard."""
        self._wording_from: int | None = None
        self.is_whole = False
        """Whether all of it has been written."""
        self._draft = draft
        self._decide = decide

    @property
    def kind(self) -> ReplyKind | None:
        return self.choice.kind if self.choice else None

    def share_heard(self, text: str) -> float:
        """The share of the wording that is in what was heard, 0–1. An opening or a lead counts for nothing."""
        if self.choice is None or self._wording_from is None:
            return 0.0
        wording = len(self.said.rstrip()) - self._wording_from
        if not self.is_whole:
            # Cut short while it was still being written: measured against the Director's own length.
            wording = max(wording, len(self.choice.text))
        heard = len(text.rstrip()) - self._wording_from
        return max(0.0, min(1.0, heard / wording)) if wording > 0 else 0.0

    async def stream(self) -> AsyncIterator[str]:
        """The words, once the choice is kept. Yields nothing when the choice was refused."""
        try:
            header, rest = await self._read_header()
            choice = self.offer.named(header) if header is not None else None
            if choice is None:
                self.fell_back = self.fell_back or "not_offered"
                choice = self.offer.default
            self.choice = choice
            if not await self._decide(self, choice, self.fell_back):
                return
            async for words in self._words(choice, rest):
                self.said += words
                yield words
            self.is_whole = True
        finally:
            await self._draft.cancel()

    async def _read_header(self) -> tuple[str | None, str]:
        """The first line and what came after it; (None, "") where it is absent, too long or late."""
        read = ""
        try:
            async with asyncio.timeout(HEADER_WITHIN_S):
                while "\n" not in read:
                    if len(read) > LONGEST_HEADER:
                        self.fell_back = "header_too_long"
                        return None, ""
                    chunk = await self._draft.next(HEADER_WITHIN_S)
                    if chunk is None:
                        break
                    read += chunk
        except TimeoutError:
            self.fell_back = "header_late"
            return None, ""
        except Exception as broken:
            self.fell_back = f"writer_failed:{type(broken).__name__}"
            return None, ""
        header, newline, rest = read.partition("\n")
        if not newline and len(header) > LONGEST_HEADER:
            self.fell_back = "header_too_long"
            return None, ""
        return header, rest

    async def _words(self, choice: Choice, rest: str) -> AsyncIterator[str]:
        if choice.opening:
            yield choice.opening + " "
        if not choice.verbatim:
            self._wording_from = len(self.said)
        has_written = False
        if self.fell_back is None:
            async for words in self._written(choice, rest):
                has_written = has_written or bool(words.strip())
                yield words
        if has_written and not choice.verbatim and self.fell_back is None:
            return
        # A verbatim text, or the Director's wording for a writer that broke off or wrote nothing.
        if has_written and not self.said.endswith(" "):
            yield " "
        elif not has_written and choice.lead:
            yield choice.lead + " "
        self._wording_from = len(self.said)
        yield choice.text

    async def _written(self, choice: Choice, rest: str) -> AsyncIterator[str]:
        """The writer's words, on one line and within bounds."""
        left = LONGEST_LEAD if choice.verbatim else LONGEST_REPLY
        chunk: str | None = rest.lstrip()
        try:
            while chunk is not None and left > 0:
                if chunk:
                    words = chunk.replace("\n", " ")[:left]
                    left -= len(words)
                    yield words
                chunk = await self._draft.next(NEXT_WORDS_WITHIN_S)
        except Exception as broken:
            self.fell_back = f"broke_off:{type(broken).__name__}"
