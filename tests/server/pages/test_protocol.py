"""The room's own copy of the wire protocol is the server's."""

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from agents import events
from agents.plans import Language
from server import pages
from server.live import protocol

ISLANDS = Path(pages.__file__).parent / "islands"
SOURCE = "".join((ISLANDS / name).read_text("utf-8") for name in ("protocol.ts", "witnessed.ts"))
INTERFACE = re.compile(r"interface (\w+) \{\n(.*?)\n\}", re.DOTALL)
FIELD = re.compile(r"^  (\w+)(\??): (.+);$", re.MULTILINE)

SHOWN = ("TurnClosed", "ReplyHeard", "ScoreGiven", "InterviewEnded")
NOT_WITNESSED = {
    "InterviewCreated",
    "PhaseEntered",
    "SilenceNoticed",
    "TimeWarned",
    "QuestionAsked",
    "QuestionRepeated",
    "HintGiven",
    "AnswerClosed",
    "AnswerReopened",
    "CoachingWritten",
}
"""What whoever watches sees in the state, or in the words themselves."""


def interfaces() -> dict[str, dict[str, str]]:
    """Each TypeScript interface with its fields and their types."""
    return {name: {field: kind for field, _, kind in FIELD.findall(body)} for name, body in INTERFACE.findall(SOURCE)}


def alternatives(name: str) -> set[str]:
    """The members of a TypeScript union."""
    found = re.search(rf"export type {name} =(.+?);", SOURCE, re.DOTALL)
    assert found
    return {part.strip().strip('"') for part in found[1].split("|") if part.strip()}


def tag(struct: type[msgspec.Struct]) -> str:
    return str(struct.__struct_config__.tag)


@pytest.mark.parametrize("union", ["ClientMessage", "ServerMessage"])
def test_every_message_has_the_servers_tag_and_fields(union: str) -> None:
    ours = interfaces()
    theirs = {struct.__name__: struct for struct in get_args(getattr(protocol, union))}
    assert alternatives(union) == set(theirs)
    for name, struct in theirs.items():
        assert ours[name].pop("type") == f'"{tag(struct)}"'
        assert set(ours[name]) == {field.encode_name for field in msgspec.structs.fields(struct)}, name


@pytest.mark.parametrize("name", ["QuestionView", "StateView"])
def test_every_view_has_the_servers_fields(name: str) -> None:
    struct = getattr(protocol, name)
    assert set(interfaces()[name]) == {field.encode_name for field in msgspec.structs.fields(struct)}


def test_every_event_shown_has_the_logs_tag_and_no_field_that_is_not_there() -> None:
    ours = interfaces()
    assert alternatives("Payload") == set(SHOWN)
    everything = {struct.__name__ for struct in get_args(events.AnyPayload)}
    assert alternatives("Witnessed") == everything - NOT_WITNESSED
    for name in sorted(alternatives("Witnessed")):
        struct = getattr(events, name)
        assert ours[name].pop("type") == f'"{tag(struct)}"'
        assert set(ours[name]) <= {field.encode_name for field in msgspec.structs.fields(struct)}, name


def test_every_choice_of_words_is_the_servers() -> None:
    assert alternatives("Request") == set(get_args(events.Request))
    assert alternatives("Phase") == set(get_args(events.Phase))
    assert alternatives("Language") == set(get_args(Language))
    assert alternatives("ReplyKind") == set(get_args(events.ReplyKind))
    reasons = {part.strip().strip('"') for part in interfaces()["InterviewEnded"]["reason"].split("|")}
    assert reasons == set(get_args(events.EndReason))


def test_the_codes_by_which_the_server_closes_are_the_same() -> None:
    found = re.search(r"export const CLOSE = \{(.+?)\}", SOURCE, re.DOTALL)
    assert found
    codes = {name: int(code) for name, code in re.findall(r"(\w+): (\d+)", found[1])}
    assert codes.items() <= protocol.CLOSE_CODES.items()
    assert f'SUBPROTOCOL = "{protocol.SUBPROTOCOL}"' in SOURCE
