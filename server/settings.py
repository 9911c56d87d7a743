"""The settings: environment variables with the prefix `VIVA_`, or a `.env` file; the environment wins.

`ENTRIES` is the one table of them: what each is called, how it is read, whether it is a secret and what it is
for. The command `viva settings` prints it and `docs/operations.md` repeats it (a test compares the two).
"""

import difflib
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar, Literal, get_args
from urllib.parse import urlsplit

import msgspec

from server import dotenv as dotenv_file

Environment = Literal["development", "production"]
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["json", "console"]

MASK = "********"
# Greedy up to the last @: better too much is hidden than a password with an unescaped / or @ half shown.
_PASSWORD = re.compile(r"^([a-z0-9+]+://[^:/?#@]*):.*@", re.IGNORECASE | re.DOTALL)
_SECRET_IN_QUERY = re.compile(r"([?&][^=&]*(?:pass|secret|key|token)[^=&]*=)[^&#]*", re.IGNORECASE)
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Settings(msgspec.Struct, frozen=True):
    """Everything an operator can choose. `ENTRIES` says what each field is for, with its units."""

    home: Path = Path(".viva")
    host: str = "127.0.0.1"
    port: int = 8000
    database_url: str | None = None
    maintenance_database_url: str | None = None
    owner_database_url: str | None = None
    redis_url: str | None = None
    objects_url: str | None = None
    public_url: str | None = None
    environment: Environment = "development"
    log_level: LogLevel = "info"
    log_format: LogFormat = "json"
    workers_concurrency: int = 4
    max_body_bytes: int = 1_048_576
    max_message_bytes: int = 65_536
    ticket_seconds: int = 60
    capacity: int = 50
    drain_seconds: int = 20
    abandon_after_minutes: int = 120
    expire_after_hours: int = 72
    app_password: str | None = None
    maintenance_password: str | None = None
    deepgram_key: str | None = None
    deepgram_url: str | None = None
    deepgram_model: str = "nova-3"
    elevenlabs_key: str | None = None
    elevenlabs_url: str | None = None
    elevenlabs_model: str = "eleven_flash_v2_5"
    elevenlabs_voice_en: str = "EXAVITQu4vr4xnSDxMaL"
    elevenlabs_voice_es: str = "EXAVITQu4vr4xnSDxMaL"
    anthropic_key: str | None = None
    anthropic_url: str | None = None
    model_fast: str = "claude-haiku-5-5"
    model_balanced: str = "claude-sonnet-5-5"
    model_powerful: str = "claude-opus-5-5"
    openai_key: str | None = None
    openai_url: str | None = None
    llm_url: str | None = None
    llm_key: str | None = None
    llm_model: str | None = None
    stt_url: str | None = None
    stt_key: str | None = None
    stt_model: str = "whisper-1"
    tts_url: str | None = None
    tts_key: str | None = None
    tts_model: str = "tts-1"
    tts_voice: str = "alloy"
    interview_budget_usd: float = 2.0
    month_budget_usd: float = 200.0
    model_requests_a_minute: int = 600
    model_tokens_a_minute: int = 400_000
    prices_file: Path | None = None
    otlp_endpoint: str | None = None

    @property
    def address(self) -> str:
        """Where people reach this server: its public address, or its own."""
        return self.public_url or f"http://{self.host}:{self.port}"

    def __repr__(self) -> str:
        """Without values, so that no secret reaches a log by way of a settings object."""
        return "Settings(…)"


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong, where it stands and the mend. Holds no secret."""

    variable: str
    source: str
    wrong: str
    mend: str

    def __str__(self) -> str:
        where = f"{self.variable} ({self.source})" if self.variable else self.source
        return _sentence(f"{where} {self.wrong}: {self.mend}")


class SettingsError(Exception):
    """The settings are wrong; the message has one sentence for each problem, with its place and its mend."""

    safe: ClassVar[bool] = True

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, problems)))


class _RefusedError(ValueError):
    """A value that an entry cannot take; the text says what it should have been."""


class Entry(msgspec.Struct, frozen=True):
    """One setting: its field, its variable, how its text is read, how it is shown, and what it is for."""

    field: str
    variable: str
    parse: Callable[[str], object]
    about: str
    secret: bool = False
    url: bool = False

    def shown(self, value: object) -> str:
        """The value as a person may see it: secrets, and passwords inside addresses, masked."""
        if value is None:
            return ""
        if self.secret:
            return MASK
        return _without_password(str(value)) if self.url else str(value)


def _text(value: str) -> str:
    return value


def _path(value: str) -> Path:
    try:
        return Path(value).expanduser()
    except RuntimeError:
        raise _RefusedError("should be a folder that does not begin with ~ where no home folder is known") from None


def _number(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if value.isascii() and value.isdigit() and len(value) <= 12 and low <= int(value) <= high:
            return int(value)
        raise _RefusedError(f"should be a whole number from {low} to {high}")

    return parse


def _amount(value: str) -> float:
    try:
        amount = float(value)
    except ValueError:
        amount = -1.0
    if 0 <= amount <= 1_000_000:
        return amount
    raise _RefusedError("should be an amount from 0 to 1000000, such as 2.50")


def _choice(*allowed: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value in allowed:
            return value
        raise _RefusedError(f"should be one of {', '.join(allowed)}")

    return parse


def _address(example: str, *schemes: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        try:
            parts = urlsplit(value)
            _ = parts.port
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in schemes or not (parts.netloc or parts.path.strip("/") or parts.query):
            raise _RefusedError(f"should be an address such as {example}")
        return value

    return parse


_POSTGRES = _address("postgresql://user:password@host:5432/viva", "postgresql", "postgres")
_REDIS = _address("redis://host:6379/0 or unix:///path/to.sock", "redis", "rediss", "unix")
_OBJECTS = _address(
    "s3://bucket/prefix or file:///folder", "file", "s3", "s3a", "gs", "az", "abfs", "abfss", "https", "http"
)
_SERVICE = _address("https://api.example.org/v1", "https", "http", "wss", "ws")
_PUBLIC = _address("https://viva.example.org", "https", "http")

ENTRIES: tuple[Entry, ...] = (
    Entry("home", "VIVA_HOME", _path, "Folder for everything kept on this machine: databases, files, logs."),
    Entry("host", "VIVA_HOST", _text, "Address to listen on; anything but loopback opens it to the network."),
    Entry("port", "VIVA_PORT", _number(1, 65_535), "Port to listen on."),
    Entry(
        "database_url",
        "DATABASE_URL",
        _POSTGRES,
        "PostgreSQL (15 or later, with pgvector) as role viva_app; without it one is run under VIVA_HOME.",
        url=True,
    ),
    Entry(
        "maintenance_database_url",
        "VIVA_MAINTENANCE_DATABASE_URL",
        _POSTGRES,
        "The same database as role viva_maintenance, for the workers.",
        url=True,
    ),
    Entry(
        "owner_database_url",
        "VIVA_OWNER_DATABASE_URL",
        _POSTGRES,
        "The same database as a role that may create roles and tables; read by `viva migrate` only.",
        url=True,
    ),
    Entry("redis_url", "REDIS_URL", _REDIS, "Redis or Valkey; without it one is run under VIVA_HOME.", url=True),
    Entry("objects_url", "OBJECTS_URL", _OBJECTS, "Store for files; without it a folder in VIVA_HOME.", url=True),
    Entry("public_url", "VIVA_PUBLIC_URL", _PUBLIC, "Address by which people reach this server, for links."),
    Entry(
        "environment",
        "VIVA_ENVIRONMENT",
        _choice(*get_args(Environment)),
        "Where this runs: development or production.",
    ),
    Entry(
        "log_level",
        "VIVA_LOG_LEVEL",
        _choice(*get_args(LogLevel)),
        "The least serious event to log: debug, info, warning or error.",
    ),
    Entry(
        "log_format",
        "VIVA_LOG_FORMAT",
        _choice(*get_args(LogFormat)),
        "Logs as json, one object a line, or as console, for eyes.",
    ),
    Entry("workers_concurrency", "VIVA_WORK_CONCURRENCY", _number(1, 256), "Tasks that one worker runs at once."),
    Entry(
        "max_body_bytes",
        "VIVA_MAX_BODY_BYTES",
        _number(1_024, 1 << 30),
        "Largest body of a request, in bytes.",
    ),
    Entry(
        "max_message_bytes",
        "VIVA_MAX_MESSAGE_BYTES",
        _number(1_024, 1 << 24),
        "Largest text message in a live interview, in bytes.",
    ),
    Entry("ticket_seconds", "VIVA_TICKET_SECONDS", _number(5, 3_600), "Life of a ticket of entry, in seconds."),
    Entry(
        "capacity",
        "VIVA_CAPACITY",
        _number(1, 10_000),
        "Live interviews that one serving process is built for; told to autoscaling, not a limit.",
    ),
    Entry(
        "drain_seconds",
        "VIVA_DRAIN_SECONDS",
        _number(0, 3_600),
        "Seconds that live interviews have for a quiet moment in which to be handed over when a server stops.",
    ),
    Entry(
        "abandon_after_minutes",
        "VIVA_ABANDON_AFTER_MINUTES",
        _number(1, 43_200),
        "Minutes without the candidate after which a begun interview counts as abandoned.",
    ),
    Entry(
        "expire_after_hours",
        "VIVA_EXPIRE_AFTER_HOURS",
        _number(1, 8_760),
        "Hours after which an interview that was never begun expires.",
    ),
    Entry(
        "app_password",
        "VIVA_APP_PASSWORD",
        _text,
        "Password that `viva migrate` gives to the role viva_app.",
        secret=True,
    ),
    Entry(
        "maintenance_password",
        "VIVA_MAINTENANCE_PASSWORD",
        _text,
        "Password that `viva migrate` gives to the role viva_maintenance.",
        secret=True,
    ),
    Entry("deepgram_key", "DEEPGRAM_API_KEY", _text, "Key for Deepgram, which hears.", secret=True),
    Entry("deepgram_url", "VIVA_DEEPGRAM_URL", _SERVICE, "Another address of Deepgram's.", url=True),
    Entry("deepgram_model", "VIVA_DEEPGRAM_MODEL", _text, "Deepgram's model: nova-3, or one that begins with flux."),
    Entry("elevenlabs_key", "ELEVEN_API_KEY", _text, "Key for ElevenLabs, which speaks.", secret=True),
    Entry("elevenlabs_url", "VIVA_ELEVENLABS_URL", _SERVICE, "Another address of ElevenLabs'.", url=True),
    Entry("elevenlabs_model", "VIVA_ELEVENLABS_MODEL", _text, "ElevenLabs' model."),
    Entry("elevenlabs_voice_en", "VIVA_ELEVENLABS_VOICE_EN", _text, "Id of the voice for English."),
    Entry("elevenlabs_voice_es", "VIVA_ELEVENLABS_VOICE_ES", _text, "Id of the voice for Spanish."),
    Entry("anthropic_key", "ANTHROPIC_API_KEY", _text, "Key for Anthropic, which writes and scores.", secret=True),
    Entry("anthropic_url", "VIVA_ANTHROPIC_URL", _SERVICE, "Another address of Anthropic's.", url=True),
    Entry("model_fast", "VIVA_MODEL_FAST", _text, "Anthropic's model for replies."),
    Entry("model_balanced", "VIVA_MODEL_BALANCED", _text, "Anthropic's model for scores."),
    Entry("model_powerful", "VIVA_MODEL_POWERFUL", _text, "Anthropic's model for the hardest tasks."),
    Entry("openai_key", "OPENAI_API_KEY", _text, "Key for OpenAI's embeddings.", secret=True),
    Entry("openai_url", "VIVA_OPENAI_URL", _SERVICE, "Another address for embeddings.", url=True),
    Entry(
        "llm_url", "VIVA_LLM_URL", _SERVICE, "A server with OpenAI's protocol that writes, after Anthropic.", url=True
    ),
    Entry("llm_key", "VIVA_LLM_KEY", _text, "Key for that server.", secret=True),
    Entry("llm_model", "VIVA_LLM_MODEL", _text, "Its model."),
    Entry("stt_url", "VIVA_STT_URL", _SERVICE, "A server with OpenAI's protocol that hears, after Deepgram.", url=True),
    Entry("stt_key", "VIVA_STT_KEY", _text, "Key for that server.", secret=True),
    Entry("stt_model", "VIVA_STT_MODEL", _text, "Its model."),
    Entry(
        "tts_url", "VIVA_TTS_URL", _SERVICE, "A server with OpenAI's protocol that speaks, after ElevenLabs.", url=True
    ),
    Entry("tts_key", "VIVA_TTS_KEY", _text, "Key for that server.", secret=True),
    Entry("tts_model", "VIVA_TTS_MODEL", _text, "Its model."),
    Entry("tts_voice", "VIVA_TTS_VOICE", _text, "Its voice."),
    Entry(
        "interview_budget_usd",
        "VIVA_INTERVIEW_BUDGET_USD",
        _amount,
        "What models may cost in one interview, USD; past it the rehearsal interviewer goes on.",
    ),
    Entry(
        "month_budget_usd", "VIVA_MONTH_BUDGET_USD", _amount, "What models may cost a tenant in a calendar month, USD."
    ),
    Entry(
        "model_requests_a_minute",
        "VIVA_MODEL_REQUESTS_A_MINUTE",
        _number(1, 1_000_000),
        "Requests a minute that each model takes.",
    ),
    Entry(
        "model_tokens_a_minute",
        "VIVA_MODEL_TOKENS_A_MINUTE",
        _number(1_000, 1_000_000_000),
        "Tokens a minute that each model takes.",
    ),
    Entry("prices_file", "VIVA_PRICES_FILE", _path, "Your own prices of models; without it the dated ones we ship."),
    Entry(
        "otlp_endpoint",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        _SERVICE,
        "Where traces are sent (OTLP over HTTP); without it none are made.",
        url=True,
    ),
)

# Named like a setting and read by others: the tests, and compose.yaml, which shares the `.env`.
ELSEWHERE = frozenset({"VIVA_CHROMIUM", "VIVA_ADMIN_PASSWORD", "VIVA_OBJECTS_PASSWORD", "VIVA_VERSION"})


def load(environ: Mapping[str, str], dotenv: Path | None) -> tuple[Settings, dict[str, str]]:
    """The settings, and the source of each field: "default", "environment" or ".env line 3".

    An empty value counts as not set. Every problem is found before any is raised. Raises SettingsError.
    """
    problems: list[Problem] = []
    values: dict[str, object] = {}
    sources = {entry.field: "default" for entry in ENTRIES}
    lines = _lines(dotenv, problems)
    for entry in ENTRIES:
        line = lines.get(entry.variable)
        if environ.get(entry.variable):
            text, source, place = environ[entry.variable], "environment", "environment"
        elif dotenv and line and line.value:
            text, source = line.value, f"{dotenv.name} line {line.number}"
            place = f"{dotenv}:{line.number}"
        else:
            continue
        try:
            values[entry.field] = entry.parse(text)
            sources[entry.field] = source
        except _RefusedError as refused:
            hidden = entry.secret or entry.url
            said = "has a value that cannot be used" if hidden else f"cannot be {text[:60]!r}"
            problems.append(Problem(entry.variable, place, said, f"it {refused}"))
    if problems:
        raise SettingsError(problems)
    return msgspec.structs.replace(Settings(), **values), sources


def _lines(path: Path | None, problems: list[Problem]) -> dict[str, dotenv_file.Line]:
    if path is None:
        return {}
    lines, malformed = dotenv_file.read(path)
    problems += [Problem("", f"{path}:{line.number}", line.wrong, line.mend) for line in malformed]
    for line in lines:
        if _unknown(line.name):
            mend = _did_you_mean(line.name)
            problems.append(Problem(line.name, f"{path}:{line.number}", "is not a setting", mend))
    return {line.name: line for line in lines}


def cautions(settings: Settings, environ: Mapping[str, str]) -> list[str]:
    """Sentences to show at the start: not wrong, but likely not what was meant."""
    found = [
        _sentence(f"{name} in the environment is not a setting and was not read: {_did_you_mean(name)}")
        for name in sorted(environ)
        if _unknown(name)
    ]
    if settings.host not in LOOPBACK:
        found.append(
            f"Listening on {settings.host}: whoever reaches this port can use Viva without signing in. "
            "Put a proxy that signs people in before it, or set VIVA_HOST=127.0.0.1."
        )
    return found


def describe(settings: Settings, sources: Mapping[str, str]) -> list[tuple[str, str, str, str]]:
    """Rows of (variable, value with secrets masked, source, what it is for), in the order of the table."""
    return [
        (entry.variable, entry.shown(getattr(settings, entry.field)), sources[entry.field], entry.about)
        for entry in ENTRIES
    ]


def _unknown(name: str) -> bool:
    return name.startswith("VIVA_") and name not in ELSEWHERE and name not in {e.variable for e in ENTRIES}


def _sentence(text: str) -> str:
    return text if text.endswith("?") else f"{text}."


def _did_you_mean(name: str) -> str:
    names = [entry.variable for entry in ENTRIES]
    bare = name.removeprefix("VIVA_")
    close = [bare] if bare in names else difflib.get_close_matches(name, names, n=1, cutoff=0.75)
    return f"did you mean {close[0]}?" if close else "remove it, or see `viva settings` for the names"


def _without_password(url: str) -> str:
    url = _PASSWORD.sub(rf"\1:{MASK}@", url, count=1)
    return _SECRET_IN_QUERY.sub(rf"\1{MASK}", url)
