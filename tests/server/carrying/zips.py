"""Files of interviews, made otherwise than `export` makes them."""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from server.carrying.archive import MANIFEST, Member, pack, unpack
from storage.portable import KeptInterview

_encode = msgspec.json.Encoder(order="sorted", decimal_format="number").encode
read = msgspec.json.Decoder(float_hook=Decimal).decode
"""Every digit of a number is kept."""


def with_row(data: bytes, part: str, at: int, **fields: object) -> bytes:
    """The file with other fields in one row of one part, and a manifest that fits."""
    manifest, kept = unpack(data)
    rows = [read(row) for row in kept.parts[part]]
    rows[at] |= fields
    return pack(manifest.interview_id, changed(kept, **{part: rows}), manifest.viva)


def changed(kept: KeptInterview, **documents: Any) -> KeptInterview:
    """The interview with other documents or rows."""
    parts = {name: [_encode(row) for row in rows] for name, rows in documents.items() if name in kept.parts}
    alone = {name: _encode(document) for name, document in documents.items() if name not in kept.parts}
    return msgspec.structs.replace(kept, parts={**kept.parts, **parts}, **alone)


def members_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(members: Mapping[str, bytes], *more: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip of these members; `more` may repeat a name."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in (*members.items(), *more):
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


def with_manifest(members: Mapping[str, bytes]) -> dict[str, bytes]:
    """The members with a manifest that tells the truth of each."""
    manifest = msgspec.json.decode(members[MANIFEST])
    manifest["members"] = [
        Member(
            name,
            len(content),
            0 if content == b"null\n" else content.count(b"\n"),
            hashlib.sha256(content).hexdigest(),
        )
        for name, content in members.items()
        if name != MANIFEST
    ]
    return {**members, MANIFEST: _encode(manifest) + b"\n"}
