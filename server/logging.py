"""Logs: one JSON object a line on stderr, for our own events and every library's, with nothing personal.

What may not leave, and how it is kept in:

- Keys that begin `lk.pii` (livekit's mark for transcripts and identities) are dropped, at any depth. Keys
  whose last word is in `DENIED` keep their name and lose their value, so that one sees that something was
  there.
- A value that is neither plain data nor an identifier is shown as its type: a `repr` would tell what it
  holds.
- An exception is shown as its type and its frames, without local variables. Its *message* is kept only
  where its class says `safe = True`, as the error trees of this house do: libraries like to quote what they
  choked on (`could not parse 'my name is …'`), and that may be a candidate's sentence or a key.
- Libraries stay at `info` or above whatever level is asked for: at `debug`, websockets prints every frame.
  Of a library's message only the first line is kept, because asyncio puts the exception into the second; of
  livekit's only what stands before a colon, without its arguments, because some quote what was said.
"""

import contextlib
import logging
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import PurePath
from typing import Any, TextIO
from uuid import UUID

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from server.settings import Settings

OURS = ("server", "agents", "storage", "prompts", "benchmarks")
REDACTED = "[redacted]"
# fmt: off
DENIED = frozenset({
    "text", "texts", "transcript", "transcripts", "content", "answer", "answers", "utterance",
    "utterances", "words", "quote", "quotes", "prompt", "instructions", "payload", "arguments", "name",
    "email", "mail", "phone", "token", "ticket", "authorization", "cookie", "cookies", "password",
    "passwd", "secret", "secrets", "key", "keys", "credentials", "url", "dsn",
})
# fmt: on
_DENIED_ANYWHERE = ("transcript", "password", "email", "authorization", "api_key", "apikey")
_PERSONAL_PREFIX = "lk.pii"
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+")
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_DEEPEST = 6


class _Handler(logging.StreamHandler[TextIO]):
    """Where the standard one prints a record it cannot format, arguments and all, this names its logger."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        lost = {"level": "error", "event": "a log line could not be written", "logger": record.name}
        with contextlib.suppress(OSError, ValueError):
            self.stream.write(msgspec.json.encode(lost).decode() + self.terminator)


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Send structlog's and the standard library's records to `stream` (stderr) in one shape. Repeatable.

    The server must be started with uvicorn's `log_config=None`, or uvicorn takes its loggers back.
    """
    level = _LEVELS[settings.log_level]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = _Handler(stream or sys.stderr)
    handler.addFilter(hide_arguments)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                name_exception,
                redact,
                _console if settings.log_format == "console" else _json,
            ],
        )
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(max(level, logging.INFO))
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        theirs = logging.getLogger(name)
        theirs.handlers.clear()
        theirs.propagate = True
    # Our own line a request is written by the application, without the query, which may hold a ticket.
    logging.getLogger("uvicorn.access").disabled = True
    # It warns of every try to refill a pool while the database is away, with its traceback; our own line says so once.
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)
    # Each names the address it called, which may hold an id of somebody's.
    for name in ("httpx", "httpx2"):
        logging.getLogger(name).setLevel(logging.WARNING)


_MEANT_SO = ("max_buffered_speech reached", "a non-default turn detection threshold")
"""What livekit warns of at every answer or interview, and we chose."""


def hide_arguments(record: logging.LogRecord) -> bool:
    """Make a library's sentence safe to format: one line, no exception's message, no words of livekit's."""
    if hasattr(record, "_logger"):  # an event of structlog's: a dictionary, redacted later
        return True
    if not isinstance(record.msg, str):
        record.msg = str(_plain(record.msg, _DEEPEST))
    livekit = record.name.partition(".")[0] == "livekit"
    if livekit and record.msg.startswith(_MEANT_SO):
        return False

    def shown(value: object) -> object:
        if isinstance(value, BaseException):
            return describe_exception(value)
        return REDACTED if livekit and not isinstance(value, int | float) else value

    if isinstance(record.args, Mapping):
        record.args = {key: shown(value) for key, value in record.args.items()}
    elif record.args:
        record.args = tuple(map(shown, record.args))
    first = record.msg.partition("\n")[0]
    if livekit and ":" in first:
        first, record.args = f"{first.partition(':')[0]}: {REDACTED}", ()
    record.msg = first
    return True


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Drop what is personal and hide what may be; the sentence, level, time and logger stay."""
    for repeated in ("positional_args", "color_message"):
        event.pop(repeated, None)
    kept = {key: event.pop(key) for key in ("timestamp", "level", "event", "logger") if key in event}
    if not isinstance(kept.get("event"), str):
        kept["event"] = _plain(kept.get("event"), 0)
    errors = event.pop("exception", None)
    safe = _mapping(event, 0)
    return {**kept, **safe, **({"exception": errors} if errors else {})}


def name_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace `exc_info` by `exception`: what was raised and from where, outermost first."""
    given = event.pop("exc_info", None)
    event.pop("stack_info", None)
    event.pop("exception", None)  # whatever a caller put there is text we cannot vouch for
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = list(_chain(error))
    return event


def describe_exception(error: BaseException) -> str:
    """The type, and the message where the class is marked `safe = True`."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"{name}: {error}" if getattr(kind, "safe", False) is True else name


def _chain(error: BaseException) -> Iterator[dict[str, Any]]:
    seen: set[int] = set()
    waiting: list[BaseException] = [error]
    while waiting and len(seen) < 10:
        error = waiting.pop(0)
        if id(error) in seen:
            continue
        seen.add(id(error))
        frames = traceback.extract_tb(error.__traceback__)
        yield {
            "error": describe_exception(error),
            "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-25:]],
        }
        if isinstance(error, BaseExceptionGroup):
            waiting += error.exceptions
        if error.__cause__ is not None:
            waiting.append(error.__cause__)
        elif error.__context__ is not None and not error.__suppress_context__:
            waiting.append(error.__context__)


def _is_denied(key: str) -> bool:
    words = [word.lower() for word in _WORD.findall(key)]
    return bool(words and words[-1] in DENIED) or any(part in key.lower() for part in _DENIED_ANYWHERE)


def _mapping(data: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    return {
        str(key): REDACTED if _is_denied(str(key)) else _plain(value, depth)
        for key, value in data.items()
        if not str(key).startswith(_PERSONAL_PREFIX)
    }


def _plain(value: object, depth: int) -> object:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, UUID | date | Decimal | PurePath):
        return str(value)
    if isinstance(value, BaseException):
        return describe_exception(value)
    if depth < _DEEPEST and isinstance(value, Mapping):
        return _mapping(value, depth + 1)
    if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, depth + 1) for item in value]
    return f"<{type(value).__qualname__}>"


def _json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return msgspec.json.encode(event).decode()


def _console(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    errors = event.pop("exception", [])
    head = [
        str(event.pop("timestamp", ""))[11:23],
        f"{event.pop('level', ''):<7}",
        str(event.pop("event", "")),
    ]
    lines = [" ".join([*head, *(f"{key}={value}" for key, value in event.items())])]
    for error in errors:
        lines += [f"    {error['error']}", *(f"      {frame}" for frame in error["frames"])]
    return "\n".join(lines)
