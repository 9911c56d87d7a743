"""Doors to models that need no network: one that says what a test wants, one with the emulators' model behind it."""

from collections.abc import AsyncGenerator, Callable, Iterable
from uuid import UUID

from agents.calls import Call, Completion
from tests.emulators.brain import Mind, think
from tests.emulators.prompt_reading import Prompt

Said = Iterable[str | Exception]


class ScriptedDoor:
    """Streams what `script` gives for a call, or completes with all of it; an exception is raised in its place."""

    def __init__(self, script: Callable[[Call], Said]) -> None:
        self.script = script
        self.calls: list[Call] = []
        self.closed_early = 0

    async def stream(self, call: Call) -> AsyncGenerator[str, None]:
        self.calls.append(call)
        try:
            for part in self.script(call):
                if isinstance(part, Exception):
                    raise part
                yield part
        except GeneratorExit:
            self.closed_early += 1
            raise

    async def complete(self, call: Call) -> Completion:
        self.calls.append(call)
        text = ""
        for part in self.script(call):
            if isinstance(part, Exception):
                raise part
            text += part
        return Completion(text=text, model="scripted", lineage_id=UUID(int=1))


def says(*parts: str | Exception) -> ScriptedDoor:
    """A door behind which the same is said to everything."""
    return ScriptedDoor(lambda _call: parts)


def thinking(mind: Mind) -> ScriptedDoor:
    """A door with the emulators' model behind it, its words in pieces of seven characters."""

    def answered(call: Call) -> Said:
        messages = tuple((message.role, message.text) for message in call.messages)
        text = think(Prompt("\n".join(call.system), messages, call.schema), mind).text
        return [text[at : at + 7] for at in range(0, len(text), 7)]

    return ScriptedDoor(answered)
