"""Settings: where they come from, what is wrong with them, and what may be shown of them."""

import re
from pathlib import Path

import pytest

from server.settings import ENTRIES, MASK, Settings, SettingsError, cautions, describe, load

QUOTE = "end the value with the quote it begins with, on the same line."
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


def refused(environ: dict[str, str], dotenv: Path | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(environ, dotenv)
    assert str(caught.value).splitlines() == [str(problem) for problem in caught.value.problems]
    return str(caught.value).splitlines()


def write(folder: Path, text: str) -> Path:
    path = folder / ".env"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_field_stands_in_the_table_once() -> None:
    assert sorted(entry.field for entry in ENTRIES) == sorted(Settings.__struct_fields__)


def test_without_anything_set_the_defaults_hold() -> None:
    settings, sources = load({}, None)
    assert settings == Settings()
    assert set(sources.values()) == {"default"}
    assert (settings.host, settings.port, settings.home) == ("127.0.0.1", 8000, Path(".viva"))


def test_the_environment_wins_over_the_file_and_each_source_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, "# Viva\n\nVIVA_PORT=9000\nVIVA_HOST='0.0.0.0'\n")
    settings, sources = load({"VIVA_PORT": "9001", "VIVA_HOME": "/srv/viva"}, path)
    assert (settings.port, settings.host, settings.home) == (9001, "0.0.0.0", Path("/srv/viva"))  # noqa: S104
    assert sources["port"] == sources["home"] == "environment"
    assert sources["host"] == ".env line 4"
    assert sources["log_level"] == "default"


def test_an_empty_value_counts_as_not_set(tmp_path: Path) -> None:
    path = write(tmp_path, "VIVA_PORT=\nVIVA_HOST=''\nDATABASE_URL= # none\n")
    settings, sources = load({"VIVA_HOME": ""}, path)
    assert settings == Settings()
    assert set(sources.values()) == {"default"}


def test_a_file_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    assert load({}, tmp_path / ".env")[0] == Settings()


def test_several_mistakes_are_told_at_once_each_with_its_place_and_mend(tmp_path: Path) -> None:
    path = write(tmp_path, "VIVA_PORT=eighty\nVIVA_LOG_LEVEL=loud\n")
    assert refused({"VIVA_TICKET_SECONDS": "0"}, path) == [
        f"VIVA_PORT ({path}:1) cannot be 'eighty': it should be a whole number from 1 to 65535.",
        f"VIVA_LOG_LEVEL ({path}:2) cannot be 'loud': it should be one of debug, info, warning, error.",
        "VIVA_TICKET_SECONDS (environment) cannot be '0': it should be a whole number from 5 to 3600.",
    ]


@pytest.mark.parametrize("port", ["0", "65536", "-1", "8000.0", "8e3", "٨٠٠٠", "1" * 5000])
def test_a_port_is_a_whole_number_within_range(port: str) -> None:
    (sentence,) = refused({"VIVA_PORT": port})
    assert "from 1 to 65535" in sentence


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", "mysql://u:hunter2@h/db"),
        ("DATABASE_URL", "hunter2"),
        ("DATABASE_URL", "postgresql://"),
        ("DATABASE_URL", "postgresql://u:hunter2@h:port/db"),
        ("REDIS_URL", "http://:hunter2@h"),
        ("OBJECTS_URL", "bucket-hunter2"),
    ],
)
def test_a_value_that_may_hold_a_secret_is_not_repeated_in_the_error(variable: str, value: str) -> None:
    (sentence,) = refused({variable: value})
    assert sentence.startswith(f"{variable} (environment) has a value that cannot be used: it should be ")
    assert "hunter2" not in sentence


def test_an_unknown_name_in_the_file_is_an_error_with_the_likely_name(tmp_path: Path) -> None:
    path = write(tmp_path, "VIVA_PROT=9000\nVIVA_DATABASE_URL=x\nVIVA_QUUX=1\nOTHER=1\nVIVA_CHROMIUM=/usr/bin/c\n")
    assert refused({}, path) == [
        f"VIVA_PROT ({path}:1) is not a setting: did you mean VIVA_PORT?",
        f"VIVA_DATABASE_URL ({path}:2) is not a setting: did you mean DATABASE_URL?",
        f"VIVA_QUUX ({path}:3) is not a setting: remove it, or see `viva settings` for the names.",
    ]


def test_an_unknown_name_in_the_environment_is_only_a_caution() -> None:
    settings, _ = load({"VIVA_PROT": "9000"}, None)
    assert cautions(settings, {"VIVA_PROT": "9000", "PATH": "/bin"}) == [
        "VIVA_PROT in the environment is not a setting and was not read: did you mean VIVA_PORT?"
    ]


def test_listening_beyond_loopback_is_a_caution() -> None:
    (sentence,) = cautions(Settings(host="0.0.0.0"), {})  # noqa: S104
    assert "without signing in" in sentence
    assert cautions(Settings(host="::1"), {}) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("VIVA_PORT", "is not NAME=value: write NAME=value with no blank around the =."),
        ("VIVA_PORT = 9000", "is not NAME=value: write NAME=value with no blank around the =."),
        (
            "VIVA_PORT= 9000",
            "has a blank or a quote inside VIVA_PORT's bare value: put the whole value in single quotes.",
        ),
        (
            "VIVA_HOME=my folder",
            "has a blank or a quote inside VIVA_HOME's bare value: put the whole value in single quotes.",
        ),
        (
            "VIVA_HOME='a",
            f"has a broken quotation in VIVA_HOME's value: {QUOTE}",
        ),
        (
            'VIVA_HOME="a"b',
            f"has a broken quotation in VIVA_HOME's value: {QUOTE}",
        ),
        ("VIVA_HOST=localhost", "sets VIVA_HOST again, after line 1: keep one of the two lines."),
    ],
)
def test_a_malformed_line_stops_the_start_with_file_line_and_mend(tmp_path: Path, line: str, said: str) -> None:
    path = write(tmp_path, f"VIVA_HOST=127.0.0.1\n{line}\n")
    assert refused({}, path) == [f"{path}:2 {said}"]


def test_a_file_that_is_not_text_or_not_a_file_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"VIVA_PORT=1\nVIVA_HOME=\xff\n")
    assert refused({}, tmp_path / ".env") == [f"{tmp_path}/.env:2 is not UTF-8 text: save the file as UTF-8."]
    assert "cannot be read" in refused({}, tmp_path)[0]


def test_quotes_escapes_comments_and_export_are_read(tmp_path: Path) -> None:
    text = '\ufeffexport VIVA_HOST=localhost # loopback\r\nVIVA_HOME="/a \\"b\\"" # c\r\n'
    text += "VIVA_APP_PASSWORD='p#a$s\\n'\r\n"
    settings, sources = load({}, write(tmp_path, text))
    assert settings.host == "localhost"
    assert settings.home == Path('/a "b"')
    assert settings.app_password == "p#a$s\\n"
    assert sources["app_password"] == ".env line 3"


def test_secrets_are_masked_where_settings_are_shown() -> None:
    environ = {
        "DATABASE_URL": "postgresql://viva_app:hunter2@db:5432/viva?sslmode=require",
        "VIVA_OWNER_DATABASE_URL": "postgresql:///viva?host=/run&user=a&password=hunter2",
        "REDIS_URL": "redis://:hunter2@cache:6379/0",
        "VIVA_APP_PASSWORD": "hunter2",
    }
    settings, sources = load(environ, None)
    rows = {name: (value, source) for name, value, source, _ in describe(settings, sources)}
    assert rows["DATABASE_URL"] == (
        f"postgresql://viva_app:{MASK}@db:5432/viva?sslmode=require",
        "environment",
    )
    assert rows["VIVA_OWNER_DATABASE_URL"][0] == f"postgresql:///viva?host=/run&user=a&password={MASK}"
    assert rows["REDIS_URL"][0] == f"redis://:{MASK}@cache:6379/0"
    assert rows["VIVA_APP_PASSWORD"] == (MASK, "environment")
    assert rows["OBJECTS_URL"] == ("", "default")
    assert "hunter2" not in f"{rows}{settings!r}{settings}"


def test_the_operations_page_lists_every_setting_with_its_default_and_sentence() -> None:
    section = OPERATIONS.read_text(encoding="utf-8").partition("## Settings\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(.*?)` \| (.*?) \| (.*) \|$", section, re.MULTILINE)
    settings = describe(*load({}, None))
    assert rows == [(name, f"`{value}`" if value else "", about) for name, value, _, about in settings]
