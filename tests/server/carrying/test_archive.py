"""What is not the file of an interview, whole and as it was written, is refused with a sentence."""

import io
import struct
import zipfile
from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from server.carrying import archive
from server.carrying.archive import (
    MANIFEST,
    MEMBERS,
    ArchiveTooLarge,
    CarryingError,
    LogBroken,
    MemberDamaged,
    MemberMissing,
    MemberUnexpected,
    NotAnArchive,
    NotOver,
    UnknownFormat,
    unpack,
)
from server.carrying.carrier import export_interview, import_interview
from storage.portable import sorted_json
from tests.server.carrying.held import Desk, answered
from tests.server.carrying.zips import changed, members_of, read, with_manifest, zipped


@pytest.fixture
async def data(desk: Desk) -> bytes:
    """A whole file."""
    return await export_interview(desk.database, desk.person.tenant_id, await desk.holds(answered("q1")))


async def refused(desk: Desk, data: bytes, kind: type[CarryingError]) -> str:
    """The sentence with which a file is refused, which holds nothing of it."""
    with pytest.raises(kind) as error:
        await import_interview(desk.database, desk.person.tenant_id, desk.person.user_id, data)
    sentence = str(error.value)
    assert sentence.endswith(".")
    assert "planned" not in sentence
    return sentence


async def test_the_file_is_a_zip_that_any_program_reads(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.testzip() is None
        assert file.namelist() == [MANIFEST, *MEMBERS]
        assert {entry.date_time for entry in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.compress_type for entry in file.infolist()} == {zipfile.ZIP_STORED}
        first = file.read("events.jsonl").splitlines()[0]
    assert list(msgspec.json.decode(first)) == sorted(msgspec.json.decode(first))


async def test_a_file_that_was_packed_again_is_still_the_same_interview(data: bytes) -> None:
    again = zipped(members_of(data), method=zipfile.ZIP_DEFLATED)
    assert len(again) < len(data)
    assert unpack(again) == unpack(data)


def test_numbers_keep_every_digit() -> None:
    number = b'{"a":1.10,"b":10000000000000000000000.5,"c":0.1000000000000000055511151231257827}'
    assert sorted_json(number) == number
    assert read(number)["b"] == Decimal("10000000000000000000000.5")


@pytest.mark.parametrize("bad", [b"", b"PK", b"not a zip at all", b"PK\x05\x06" + bytes(18)])
async def test_what_is_no_zip_is_refused(desk: Desk, bad: bytes) -> None:
    await refused(desk, bad, CarryingError)


async def test_a_file_that_was_cut_short_is_refused(desk: Desk, data: bytes) -> None:
    for length in range(0, len(data), len(data) // 7):
        await refused(desk, data[:length], NotAnArchive)


async def test_a_changed_byte_is_noticed_in_every_part(desk: Desk, data: bytes) -> None:
    members = members_of(data)
    for name in MEMBERS:
        if members[name]:
            bad = zipped({**members, name: members[name][:-2] + b" \n"})
            assert name in await refused(desk, bad, MemberDamaged)


async def test_a_damaged_disk_is_noticed_by_the_checksum(desk: Desk, data: bytes) -> None:
    place = data.index(b'"speaker"')
    await refused(desk, data[:place] + b"?" + data[place + 1 :], MemberDamaged)


@pytest.mark.parametrize("name", [MANIFEST, *MEMBERS])
async def test_a_part_that_is_missing_is_named(desk: Desk, data: bytes, name: str) -> None:
    members = members_of(data)
    del members[name]
    assert name in await refused(desk, zipped(members), MemberMissing)
    if name != MANIFEST:
        assert name in await refused(desk, zipped(with_manifest(members)), MemberMissing)


async def test_a_later_format_is_refused_whatever_else_it_holds(desk: Desk, data: bytes) -> None:
    members = members_of(data)
    manifest = read(members[MANIFEST]) | {"format": 2, "more": True}
    later = zipped({MANIFEST: msgspec.json.encode(manifest)})
    assert "format 2" in await refused(desk, later, UnknownFormat)


@pytest.mark.parametrize("manifest", [b"", b"[]", b'{"format":"1"}', b'{"format":1}', b"{" * 9_000, b" " * 70_000])
async def test_a_manifest_that_cannot_be_read_is_refused(desk: Desk, data: bytes, manifest: bytes) -> None:
    await refused(desk, zipped({**members_of(data), MANIFEST: manifest}), MemberDamaged)


@pytest.mark.parametrize(
    "name",
    ["../interview.json", "/etc/passwd", "events.jsonl/", "EVENTS.JSONL", "a\\b", "notes.txt", ""],
)
async def test_no_other_name_or_path_is_taken(desk: Desk, data: bytes, name: str) -> None:
    await refused(desk, zipped(members_of(data), (name, b"x")), CarryingError)


@pytest.mark.filterwarnings("ignore:Duplicate name")
async def test_the_same_name_twice_is_refused(desk: Desk, data: bytes) -> None:
    members = members_of(data)
    await refused(desk, zipped(members, ("events.jsonl", members["events.jsonl"])), MemberUnexpected)


async def test_a_bomb_is_refused_before_it_is_unpacked(desk: Desk, data: bytes) -> None:
    members = members_of(data) | {"turns.jsonl": bytes(archive.MOST_BYTES)}
    bomb = zipped(members, method=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 1_000_000
    assert "200 MB" in await refused(desk, bomb, ArchiveTooLarge)


async def test_a_bomb_that_lies_of_its_size_is_read_no_further_than_it_says(desk: Desk, data: bytes) -> None:
    members = members_of(data)
    honest = len(members["turns.jsonl"])
    bomb = zipped({**members, "turns.jsonl": bytes(archive.MOST_BYTES)}, method=zipfile.ZIP_DEFLATED)
    told = struct.pack("<L", archive.MOST_BYTES)
    assert bomb.count(told) == 2
    await refused(desk, bomb.replace(told, struct.pack("<L", honest + 10)), MemberDamaged)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
async def test_another_packing_is_refused(desk: Desk, data: bytes, method: int) -> None:
    await refused(desk, zipped(members_of(data), method=method), NotAnArchive)


async def test_a_locked_file_is_refused(desk: Desk, data: bytes) -> None:
    locked = bytearray(data)
    place = locked.index(b"PK\x01\x02")
    locked[place + 8] |= 1
    locked[6] |= 1
    await refused(desk, bytes(locked), NotAnArchive)


@pytest.mark.parametrize(
    "content", [b"{}", b"null\n", b"[]\n", b"{}\n{\n", b"\xff\n", b"\n", b'{"a":' * 3000 + b"1" + b"}" * 3000 + b"\n"]
)
@pytest.mark.parametrize("name", ["interview.json", "rubric.json", "questions.jsonl"])
async def test_what_is_not_rows_is_refused(desk: Desk, data: bytes, name: str, content: bytes) -> None:
    bad = zipped(with_manifest({**members_of(data), name: content}))
    with pytest.raises(Exception) as error:  # noqa: PT011 - whichever of the two trees says it first
        await import_interview(desk.database, desk.person.tenant_id, desk.person.user_id, bad)
    assert getattr(error.value, "safe", False), repr(error.value)


def without(events: list[dict[str, object]], seq: int) -> list[dict[str, object]]:
    return [event for event in events if event["seq"] != seq]


def numbered_from_two(events: list[dict[str, object]]) -> list[dict[str, object]]:
    return [event | {"seq": at} for at, event in enumerate(events, start=2)]


def with_the_same_id(events: list[dict[str, object]]) -> list[dict[str, object]]:
    return [*events[:-1], events[-1] | {"id": events[0]["id"]}]


def of_an_unknown_type(events: list[dict[str, object]]) -> list[dict[str, object]]:
    return [*events[:-1], events[-1] | {"type": "moon.rose", "payload": {"type": "moon.rose"}}]


def of_a_question_that_is_not_there(events: list[dict[str, object]]) -> list[dict[str, object]]:
    payload = {"type": "question.skipped", "question_id": "q77", "by": "candidate"}
    return [*events[:-1], events[-1] | {"type": "question.skipped", "payload": payload}]


@pytest.mark.parametrize(
    "broken",
    [
        lambda events: without(events, 1),
        lambda events: without(events, 7),
        lambda events: without(events, len(events)),
        numbered_from_two,
        with_the_same_id,
        of_an_unknown_type,
        of_a_question_that_is_not_there,
        lambda _events: [],
    ],
)
async def test_a_log_that_is_not_whole_is_refused(
    desk: Desk, data: bytes, broken: Callable[[list[dict[str, object]]], list[dict[str, object]]]
) -> None:
    manifest, kept = unpack(data)
    events = broken([read(row) for row in kept.parts["events"]])
    await refused(desk, archive.pack(manifest.interview_id, changed(kept, events=events), "0.1.0"), LogBroken)


async def test_an_interview_that_could_go_on_is_refused(desk: Desk, data: bytes) -> None:
    manifest, kept = unpack(data)
    row = read(kept.interview) | {"status": "in_progress"}
    await refused(desk, archive.pack(manifest.interview_id, changed(kept, interview=row), "0.1.0"), NotOver)


async def test_a_file_that_names_one_interview_and_holds_another_is_refused(desk: Desk, data: bytes) -> None:
    manifest, kept = unpack(data)
    row = read(kept.interview) | {"id": "01999999-0000-7000-8000-000000000000"}
    await refused(desk, archive.pack(manifest.interview_id, changed(kept, interview=row), "0.1.0"), MemberDamaged)
