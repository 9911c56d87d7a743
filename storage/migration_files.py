"""Migration files in dbmate's format, read and checked without a database."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import msgspec

from storage.errors import MalformedMigration

FOLDER = Path(str(files("migrations")))
"""Where the installation's migrations are."""

_FILE_NAME = re.compile(r"^(\d{14})_[a-z0-9_]+\.sql$")
_MARKER = re.compile(r"^--\s*migrate:(\S+)(.*)$")


class Block(msgspec.Struct, frozen=True):
    """One direction of a migration. `line` is the file's line on which `sql` begins, counted from 1."""

    sql: str
    line: int
    in_transaction: bool

    def line_of(self, position: int) -> int:
        """The file's line of a character of `sql`, counted from 1 as PostgreSQL reports it."""
        return self.line + self.sql.count("\n", 0, position - 1)


class MigrationFile(msgspec.Struct, frozen=True):
    """A migration: `version` is its fourteen digits, `checksum` the SHA-256 of its text in hex."""

    name: str
    version: str
    checksum: str
    up: Block
    down: Block


def read_folder(folder: Path = FOLDER) -> list[MigrationFile]:
    """Every `*.sql` of the folder, in order of version. Raises MalformedMigration."""
    found: dict[str, MigrationFile] = {}
    for path in sorted(folder.glob("*.sql")):
        migration = parse(path.name, path.read_text(encoding="utf-8"))
        if (other := found.get(migration.version)) is not None:
            raise MalformedMigration(
                path.name,
                1,
                f"its version {migration.version} is also that of {other.name}",
                "Give one of them a later time in its name.",
            )
        found[migration.version] = migration
    return list(found.values())


def parse(name: str, text: str) -> MigrationFile:
    """Read one file. Raises MalformedMigration with the line and the mend."""
    named = _FILE_NAME.match(name)
    if named is None:
        raise MalformedMigration(
            name, 1, "the file's name is not that of a migration", "Call it YYYYMMDDHHMMSS_what_it_makes.sql."
        )
    text = text.replace("\r\n", "\n")
    lines = text.split("\n")
    markers = _markers(name, lines)
    if "up" not in markers:
        raise MalformedMigration(name, 1, "there is no `-- migrate:up` line", "Begin the file with one.")
    if "down" not in markers:
        raise MalformedMigration(
            name,
            len(lines),
            "there is no `-- migrate:down` line",
            "End the file with one and what undoes it.",
        )
    (up_line, up_options), (down_line, down_options) = markers["up"], markers["down"]
    if down_line < up_line:
        raise MalformedMigration(
            name, down_line, "`-- migrate:down` stands before `-- migrate:up`", "Put what it makes first."
        )
    _refuse_early_sql(name, lines[: up_line - 1])
    up = Block("\n".join(lines[up_line : down_line - 1]), up_line + 1, up_options)
    down = Block("\n".join(lines[down_line:]), down_line + 1, down_options)
    if _is_blank(up.sql.split("\n")):
        raise MalformedMigration(name, up_line, "nothing follows `-- migrate:up`", "Write what it makes.")
    checksum = hashlib.sha256(text.encode()).hexdigest()
    return MigrationFile(name, named[1], checksum, up, down)


def _markers(name: str, lines: Sequence[str]) -> dict[str, tuple[int, bool]]:
    """Direction → its line, and whether it runs in a transaction."""
    markers: dict[str, tuple[int, bool]] = {}
    for number, line in enumerate(lines, start=1):
        marker = _MARKER.match(line)
        if marker is None:
            continue
        direction, options = marker[1], marker[2].split()
        if direction not in ("up", "down"):
            raise MalformedMigration(
                name, number, f"`migrate:{direction}` is not known", "Write migrate:up or migrate:down."
            )
        if direction in markers:
            raise MalformedMigration(
                name, number, f"a second `-- migrate:{direction}`", "Keep one, or split the file in two."
            )
        in_transaction = True
        for option in options:
            if option not in ("transaction:false", "transaction:true"):
                raise MalformedMigration(
                    name,
                    number,
                    f"the option `{option}` is not known",
                    "Only transaction:false can stand here.",
                )
            in_transaction = option == "transaction:true"
        markers[direction] = (number, in_transaction)
    return markers


def _refuse_early_sql(name: str, lines: Sequence[str]) -> None:
    for number, line in enumerate(lines, start=1):
        if not _is_blank([line]):
            raise MalformedMigration(
                name, number, "a statement stands before `-- migrate:up`", "Move it below that line."
            )


def _is_blank(lines: Sequence[str]) -> bool:
    return all(not line.strip() or line.lstrip().startswith("--") for line in lines)
