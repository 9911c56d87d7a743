"""Who plays in the bad days: a candidate who comes back whatever happens, and the judgement over all they were told."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Self
from uuid import UUID

from agents.events import Request
from benchmarks.chaos.judge import Judgement, Witness, judge, kept_log
from benchmarks.chaos.product import Serving, Site
from benchmarks.chaos.proxy import Mark
from server.live.protocol import Fact, Problem, ReplyDelta, ServerMessage, StateView
from server.terminal.api import Api
from server.terminal.client import LiveClient
from server.terminal.errors import Refused, TerminalError, Unreachable
from storage.database import Database
from storage.events import EventRecord
from storage.identity import LOCAL_TENANT

WITHIN_S = 30.0
LOOK_EVERY_S = 0.01
BACK_WITHIN_S = 0.5
LINE_DEAD_AFTER_S = 1.0
PLAN = "behavioural"
COMMIT = b"commit\x00"
"""What ends a transaction on its way to PostgreSQL; a mark for traps."""


def writing(kind: str, interview_id: UUID | None = None) -> Mark:
    """What an event of that type, of any interview or of one, has in it on its way to PostgreSQL; a mark for traps."""
    words = f'"type":"{kind}"'.encode()
    return words if interview_id is None else (interview_id.bytes, words)


async def until(holds: Callable[[], bool], what: str, within_s: float = WITHIN_S) -> None:
    """Waits for a condition; fails with its name."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while not holds():
        if loop.time() > deadline:
            raise AssertionError(f"{what} did not come within {within_s:g} s")
        await asyncio.sleep(LOOK_EVERY_S)


class Candidate:
    """A typed candidate at the site's door. Every sentence of theirs is unlike every other.

    Between the calls the client listens and comes back by itself; `messages` holds what was new.
    """

    def __init__(self, url: str, name: str, *, line_dead_after_s: float = LINE_DEAD_AFTER_S) -> None:
        self.name = name
        self.witness = Witness(name)
        self.messages: list[ServerMessage] = []
        self.failure: BaseException | None = None
        """Why the client gave up."""
        self._api = Api(url, timeout_s=5.0)
        self.client = LiveClient(
            self._api,
            client="chaos",
            attempts=400,
            longest_wait_s=BACK_WITHIN_S,
            line_dead_after_s=line_dead_after_s,
            watcher=self.witness,
            chance=random.Random(name),  # noqa: S311 - repeatable by design
        )
        self._sentences = 0
        self._acted_on: UUID | None = None
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.leaves()
        await self._api.__aexit__()

    # --- coming and going ----------------------------------------------------------------------------------------

    @property
    def interview_id(self) -> UUID:
        assert self.client.interview_id is not None
        return self.client.interview_id

    async def begins(self, plan: str = PLAN) -> Self:
        """Opens a new interview and enters it."""
        await persistently(lambda: self.client.create(plan, "en"))
        self._listening = asyncio.create_task(self._listen())
        await self.until(lambda: self.client.connections > 0, "the first welcome")
        return self

    async def returns_to(self, interview_id: UUID) -> Self:
        """Enters an interview that another client of theirs has begun."""
        self.client.resume(interview_id)
        self._listening = asyncio.create_task(self._listen())
        await self.until(lambda: self.client.connections > 0, "the first welcome")
        return self

    async def leaves(self) -> None:
        await self.client.close()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self) -> None:
        try:
            while not self.client.sitting.ended:
                try:
                    async for message in self.client.messages():
                        self.messages.append(message)
                    return
                except Unreachable:
                    await asyncio.sleep(0.05)
        except TerminalError as failed:
            self.failure = failed

    async def until(self, holds: Callable[[], bool], what: str, within_s: float = WITHIN_S) -> None:
        """Waits for something that this candidate sees."""
        await until(lambda: holds() or self.failure is not None, f"{self.name}: {what}", within_s)
        if not holds():
            raise AssertionError(f"{self.name}: {what} did not come: {self.failure}")

    # --- what they see -------------------------------------------------------------------------------------------

    @property
    def state(self) -> StateView:
        assert self.client.sitting.state is not None
        return self.client.sitting.state

    @property
    def question(self) -> int | None:
        return self.state.question.number if self.state.question else None

    @property
    def facts(self) -> list[Fact]:
        return self.client.sitting.facts

    @property
    def welcomes(self) -> int:
        return self.client.connections

    @property
    def epoch(self) -> int:
        return self.witness.lines[-1].epoch

    @property
    def ended(self) -> bool:
        return self.client.sitting.ended

    @property
    def problems(self) -> list[Problem]:
        return [message for message in self.messages if isinstance(message, Problem)]

    def told(self, kind: str) -> list[Fact]:
        return [fact for fact in self.facts if fact.event["type"] == kind]

    def words_of(self, reply_id: UUID) -> str:
        """What was shown of one reply."""
        said = [message for message in self.messages if isinstance(message, ReplyDelta)]
        return "".join(message.text for message in said if message.reply_id == reply_id)

    def is_acknowledged(self, client_id: str) -> bool:
        return client_id in self.witness.sent and client_id not in self.client.sitting.unacknowledged

    # --- what they do --------------------------------------------------------------------------------------------

    async def floor(self, within_s: float = WITHIN_S, *, unless: Callable[[], bool] = lambda: False) -> None:
        """Waits until something that was not answered yet has been said to its end, or something else is so."""
        await self.until(lambda: self._has_floor() or unless(), "the floor", within_s)
        reply = self.client.sitting.reply
        self._acted_on = reply.reply_id if reply is not None else None

    def _has_floor(self) -> bool:
        sitting = self.client.sitting
        return self.ended or (
            sitting.has_floor and sitting.reply is not None and sitting.reply.reply_id != self._acted_on
        )

    async def says(self, text: str = "") -> str:
        """Types a sentence that nobody typed before; its `client_id`. It does not wait."""
        self._sentences += 1
        return await self.client.say(
            f"{text or 'I planned the migration myself and we finished two weeks early'}, "
            f"as I noted in entry {self._sentences} of {self.name}."
        )

    async def presses(self, request: Request) -> str:
        return await self.client.press(request)

    async def reaches(self, question: int = 1) -> None:
        """From wherever they are, with the floor still to come, to that core question and its floor."""
        await self.floor()
        while not self.ended and self.question != question:
            await self._moves_on()
            await self.floor()

    async def finishes(self, within_s: float = 60.0) -> None:
        """Goes on to the end of the interview; whoever has the floor already says something first."""
        async with asyncio.timeout(within_s):
            if self.client.sitting.reply is not None and self.client.sitting.reply.reply_id == self._acted_on:
                await self._moves_on()
            while not self.ended:
                await self.floor()
                if not self.ended:
                    await self._moves_on()

    async def answers_and_moves_on(self) -> None:
        """One answer, whatever is asked for after it, and the next core question."""
        number = self.question
        while not self.ended and self.question == number:
            await self.says()
            await self.floor()
            if self.question == number:
                await self.presses("skip")
                await self.floor()

    async def _moves_on(self) -> None:
        match self.state.phase:
            case "consent":
                await self.presses("consent")
            case "questions" if "skip" in self.state.may:
                await self.presses("skip")
            case _:
                await self.says("I have no questions, thank you")


async def persistently(attempt: Callable[[], Awaitable[object]], within_s: float = WITHIN_S) -> None:
    """Tries until the server takes it, as a person who presses the button again."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while True:
        try:
            await attempt()
            return
        except (Unreachable, Refused) as refused:
            if loop.time() > deadline or (isinstance(refused, Refused) and 400 <= refused.status < 500):
                raise
        await asyncio.sleep(0.05)


class Court:
    """Reads the logs past every proxy, and judges."""

    def __init__(self, site: Site, database: Database) -> None:
        self.site = site
        self.database = database

    async def log(self, interview_id: UUID) -> list[EventRecord]:
        return await kept_log(self.database, interview_id)

    async def types(self, interview_id: UUID) -> list[str]:
        return [event.type for event in await self.log(interview_id)]

    async def until_log(
        self, interview_id: UUID, holds: Callable[[list[EventRecord]], bool], what: str, within_s: float = WITHIN_S
    ) -> list[EventRecord]:
        """The log, once it is so."""
        async with asyncio.timeout(within_s):
            while True:
                log = await self.log(interview_id)
                if holds(log):
                    return log
                await asyncio.sleep(LOOK_EVERY_S)
        raise AssertionError(what)

    async def holder(self, interview_id: UUID) -> Serving:
        """The serving process that holds an interview."""
        async with self.database.tenant(LOCAL_TENANT) as connection:
            holder = await connection.fetchval("select holder from interview.interviews where id = $1", interview_id)
        pid = int(holder.rpartition(":")[2])
        [serving] = [serving for serving in self.site.servings if serving.pid == pid]
        return serving

    async def judged(self, *candidates: Candidate, must_end: bool = True) -> Judgement:
        """The judgement over one interview, told by all its clients."""
        interview_id = candidates[0].interview_id
        log = await self.log(interview_id)
        return judge(interview_id, log, [one.witness for one in candidates], must_end=must_end)

    async def acquits(self, *candidates: Candidate, must_end: bool = True) -> Judgement:
        """Fails with every fault that is found."""
        found = await self.judged(*candidates, must_end=must_end)
        assert found.faults == []
        assert found.acknowledged > 0
        return found


@asynccontextmanager
async def court(site: Site) -> AsyncIterator[Court]:
    """A court over a site, on the loop of whoever asks."""
    database = await Database.open(site.database_url(), min_size=1)
    try:
        yield Court(site, database)
    finally:
        await database.close()
