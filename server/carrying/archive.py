"""The file of one interview: a zip of JSON members behind a manifest, the same bytes for the same rows. Pure.

CarryingError
├── NotAnArchive      no zip, or one that is locked or broken
├── UnknownFormat     made by a later release
├── MemberMissing     a part is not there
├── MemberUnexpected  something that has no place in it: another name, a path, the same name twice
├── MemberDamaged     a part is not what the manifest says
├── ArchiveTooLarge   it would unpack to too much
├── LogBroken         the events have gaps, or cannot be read
└── NotOver           the interview had not ended
"""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

import msgspec

from storage.portable import PARTS, KeptInterview, sorted_json

FORMAT = 1
MOST_BYTES = 200 * 1024 * 1024
"""Of everything in the file, unpacked."""
MANIFEST = "manifest.json"
_MOST_MANIFEST_BYTES = 64 * 1024
_SINGLE = {"interview": "interview.json", "plan": "plan_version.json", "rubric": "rubric.json"}
_OF_PART = {
    part.name: f"{part.name}.json" if part.name in ("transcript", "report") else f"{part.name}.jsonl" for part in PARTS
}
MEMBERS = (*_SINGLE.values(), *_OF_PART.values())
"""In the order in which they stand behind the manifest."""
_READ_IN_PIECES = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""zipfile unpacks the other kinds whole before it looks how much was asked for."""
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)
"""What zipfile raises for bytes that are no zip, are locked, or are packed in a way it does not know."""


class CarryingError(Exception):
    """An interview cannot be carried. The message is a sentence for the person, and holds nothing of the interview."""

    safe: ClassVar[bool] = True


class NotAnArchive(CarryingError):
    def __init__(self) -> None:
        super().__init__(
            "This is not the file of an interview: it cannot be read as a zip. Take the file that "
            "`viva interviews export` wrote, whole and as it was."
        )


class UnknownFormat(CarryingError):
    def __init__(self, found: int) -> None:
        super().__init__(
            f"This file has format {found}, and this release reads format {FORMAT}. "
            "Import it with the release that wrote it, or a later one."
        )


class MemberMissing(CarryingError):
    def __init__(self, name: str) -> None:
        super().__init__(f"The file lacks {name}. Export the interview again.")


class MemberUnexpected(CarryingError):
    def __init__(self) -> None:
        super().__init__(
            "The file holds something that has no place in the file of an interview: another name, a path, or the "
            "same name twice. Take the file that `viva interviews export` wrote, as it was."
        )


class MemberDamaged(CarryingError):
    def __init__(self, name: str, wrong: str) -> None:
        super().__init__(f"{name} in the file {wrong}: it was changed or damaged. Export the interview again.")


class ArchiveTooLarge(CarryingError):
    def __init__(self) -> None:
        super().__init__(
            f"The file would unpack to more than {MOST_BYTES // 2**20} MB, which no interview is. It was not read."
        )


class LogBroken(CarryingError):
    def __init__(self, field: str) -> None:
        super().__init__(
            f"The log in the file is not whole (events, {field}), so the interview cannot be told from it. "
            "`viva interviews verify` says more where it was exported."
        )


class NotOver(CarryingError):
    def __init__(self, interview_id: UUID) -> None:
        super().__init__(f"Interview {interview_id} has not ended, and could go on in two places. End it first.")


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One part. `rows` counts lines; of a part with one document 1, or 0 where it is `null`."""

    name: str
    bytes: int
    rows: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is in the file. `viva` is the release that wrote it."""

    format: int
    interview_id: UUID
    members: tuple[Member, ...]
    viva: str


class _Format(msgspec.Struct):
    format: int


def pack(interview_id: UUID, kept: KeptInterview, release: str) -> bytes:
    """The file. Nothing in it depends on when, where or by which library it is written: members are not compressed."""
    contents = _contents(kept)
    members = tuple(
        Member(name, len(content), _rows(name, content), hashlib.sha256(content).hexdigest())
        for name, content in contents.items()
    )
    manifest = msgspec.json.encode(Manifest(FORMAT, interview_id, members, release), order="sorted") + b"\n"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in {MANIFEST: manifest, **contents}.items():
            entry = zipfile.ZipInfo(name)
            entry.create_system = 3  # Unix, wherever it is written
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, content)
    return file.getvalue()


def unpack(data: bytes) -> tuple[Manifest, KeptInterview]:
    """What `pack` packed, checked against its manifest. Raises CarryingError; reads `MOST_BYTES` at most."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read(archive)
    except CarryingError:
        raise
    except _BROKEN as broken:
        raise NotAnArchive from broken


def _read(archive: zipfile.ZipFile) -> tuple[Manifest, KeptInterview]:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if MANIFEST not in names:
        raise MemberMissing(MANIFEST)
    # What the entries say of their sizes may be a lie; no more than they say is read of any.
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise ArchiveTooLarge
    if any(entry.compress_type not in _READ_IN_PIECES for entry in entries):
        raise NotAnArchive
    manifest = _manifest(archive)
    if len(set(names)) < len(names) or not {*names} <= {MANIFEST, *MEMBERS}:
        raise MemberUnexpected
    told = {member.name: member for member in manifest.members}
    contents = {}
    for name in MEMBERS:
        if name not in names or name not in told:
            raise MemberMissing(name)
        contents[name] = _content(archive, told[name])
    return manifest, _kept(contents)


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    text = _bytes(archive, MANIFEST, _MOST_MANIFEST_BYTES)
    try:
        found = msgspec.json.decode(text, type=_Format).format
        if found != FORMAT:
            raise UnknownFormat(found)
        return msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, RecursionError) as wrong:
        raise MemberDamaged(MANIFEST, "cannot be read") from wrong


def _content(archive: zipfile.ZipFile, told: Member) -> bytes:
    content = _bytes(archive, told.name, told.bytes)
    if len(content) != told.bytes or hashlib.sha256(content).hexdigest() != told.sha256:
        raise MemberDamaged(told.name, "is not what the manifest says")
    if _rows(told.name, content) != told.rows:
        raise MemberDamaged(told.name, "has another number of rows than the manifest says")
    return content


def _bytes(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """A member's content; one byte more than `most` where it is longer."""
    try:
        with archive.open(name) as member:
            return member.read(min(max(most, 0), MOST_BYTES) + 1)
    except zipfile.BadZipFile as wrong:
        raise MemberDamaged(name, "does not have its checksum") from wrong


def _contents(kept: KeptInterview) -> dict[str, bytes]:
    """Each member's bytes, in their order. A document stands in one line; one that is not there is `null`."""
    single = {_SINGLE[name]: getattr(kept, name) + b"\n" for name in _SINGLE}
    return single | {
        member: b"".join(row + b"\n" for row in kept.parts[name] or ((b"null",) if _is_document(member) else ()))
        for name, member in _OF_PART.items()
    }


def _kept(contents: Mapping[str, bytes]) -> KeptInterview:
    """The rows, in the one form that they are written in. Raises MemberDamaged for what is not rows of JSON."""
    rows = {name: _lines(name, contents[name]) for name in MEMBERS}
    (interview,), (plan,), (rubric,) = (rows[name] for name in _SINGLE.values())
    return KeptInterview(interview, plan, rubric, {name: rows[member] for name, member in _OF_PART.items()})


def _lines(name: str, content: bytes) -> list[bytes]:
    lines = content.splitlines()
    if _is_document(name) and len(lines) != 1:
        raise MemberDamaged(name, "is not one document")
    if _is_document(name) and lines[0] == b"null" and name not in _SINGLE.values():
        return []
    try:
        if any(not isinstance(msgspec.json.decode(line), dict) for line in lines):
            raise MemberDamaged(name, "holds a line that is no row")
        return [sorted_json(line) for line in lines]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, ArithmeticError) as wrong:
        raise MemberDamaged(name, "is not JSON") from wrong


def _is_document(name: str) -> bool:
    return name.endswith(".json")


def _rows(name: str, content: bytes) -> int:
    return 0 if _is_document(name) and content == b"null\n" else content.count(b"\n")
