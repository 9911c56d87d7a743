from __future__ import annotations

from pathlib import Path

import pytest

from storage.errors import MalformedMigration
from storage.migration_files import parse, read_folder

NAME = "20260101000000_things.sql"


def test_a_file_has_two_directions_and_knows_its_lines() -> None:
    migration = parse(
        NAME, "-- why\n\n-- migrate:up\ncreate table a ();\n\nselect 1;\n-- migrate:down\ndrop table a;\n"
    )
    assert migration.version == "20260101000000"
    assert migration.up.sql == "create table a ();\n\nselect 1;"
    assert migration.up.in_transaction
    assert migration.up.line_of(1) == 4
    assert migration.up.line_of(migration.up.sql.index("select") + 1) == 6
    assert (migration.down.sql.strip(), migration.down.line) == ("drop table a;", 8)


def test_a_direction_can_ask_for_no_transaction() -> None:
    migration = parse(
        NAME,
        "-- migrate:up transaction:false\ncreate index concurrently i on a (b);\n-- migrate:down\ndrop index i;\n",
    )
    assert not migration.up.in_transaction
    assert migration.down.in_transaction


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("select 1;\n", 1, "no `-- migrate:up`"),
        ("-- a note\nselect 1;\n-- migrate:up\nselect 2;\n-- migrate:down\n", 2, "before `-- migrate:up`"),
        ("-- migrate:up\nselect 1;\n", 3, "no `-- migrate:down`"),
        ("-- migrate:up\n-- nothing\n-- migrate:down\n", 1, "nothing follows"),
        ("-- migrate:up\nselect 1;\n-- migrate:up\nselect 2;\n-- migrate:down\n", 3, "a second"),
        ("-- migrate:down\nselect 1;\n-- migrate:up\nselect 1;\n", 1, "stands before"),
        ("-- migrate:up transaction:no\nselect 1;\n-- migrate:down\n", 1, "transaction:no"),
        ("-- migrate:up\nselect 1;\n-- migrate:sideways\n", 3, "sideways"),
    ],
)
def test_a_malformed_file_is_named_with_its_line_and_the_mend(text: str, line: int, words: str) -> None:
    with pytest.raises(MalformedMigration) as refused:
        parse(NAME, text)
    sentence = str(refused.value)
    assert sentence.startswith(f"{NAME}, line {line}: ")
    assert words in sentence


def test_a_file_whose_name_is_not_a_migrations_is_refused() -> None:
    with pytest.raises(MalformedMigration, match="YYYYMMDDHHMMSS"):
        parse("things.sql", "-- migrate:up\nselect 1;\n-- migrate:down\n")


def test_two_files_of_one_version_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"20260101000000_{name}.sql").write_text("-- migrate:up\nselect 1;\n-- migrate:down\n")
    with pytest.raises(MalformedMigration, match="20260101000000_a"):
        read_folder(tmp_path)


def test_line_endings_do_not_make_another_file() -> None:
    text = "-- migrate:up\nselect 1;\n-- migrate:down\n"
    assert parse(NAME, text).checksum == parse(NAME, text.replace("\n", "\r\n")).checksum
