"""What a log line may hold: everything that helps, nothing that anyone said."""

import asyncio
import io
import json
import logging
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from server.logging import REDACTED, configure
from server.settings import Settings

SAID = "my name is Ada and I was born in Quito"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    access = logging.getLogger("uvicorn.access").disabled
    out = io.StringIO()
    configure(Settings(log_level="debug"), out)
    yield out
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("uvicorn.access").disabled = access


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_line_with_time_level_and_logger(stream: io.StringIO) -> None:
    structlog.get_logger("server.live").info("interview opened", seq=3, waited_ms=1.5)
    (line,) = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "info",
        "event": "interview opened",
        "logger": "server.live",
        "seq": 3,
        "waited_ms": 1.5,
    }


def test_what_is_bound_to_a_request_stands_on_every_line_a_librarys_too(stream: io.StringIO) -> None:
    interview = uuid.uuid4()
    with structlog.contextvars.bound_contextvars(request_id="r1", interview_id=interview):
        structlog.get_logger("server.api").info("asked")
        logging.getLogger("pgqueuer").warning("waiting for %s seconds", 3)
    structlog.get_logger("server.api").info("later")
    first, second, third = lines(stream)
    assert first["request_id"] == second["request_id"] == "r1"
    assert first["interview_id"] == second["interview_id"] == str(interview)
    assert second["event"] == "waiting for 3 seconds"
    assert second["logger"] == "pgqueuer"
    assert "request_id" not in third


def test_livekits_personal_attributes_are_dropped_at_any_depth(stream: io.StringIO) -> None:
    extra = {
        "lk.pii.user_transcript": SAID,
        "speech": {"lk.pii.text": SAID, "ms": 12, "parts": [{"lk.pii.x": SAID}]},
    }
    logging.getLogger("livekit.agents").info("turn committed", extra=extra)
    (line,) = lines(stream)
    assert SAID not in stream.getvalue()
    assert "lk.pii" not in stream.getvalue()
    assert line["speech"] == {"ms": 12, "parts": [{}]}


@pytest.mark.parametrize(
    "key",
    """
    text transcript user_transcript userTranscript content answer email candidate_name email_address token ticket
    Authorization cookie password key api_key x-api-key
    """.split(),
)
def test_a_key_that_may_hold_something_personal_loses_its_value(stream: io.StringIO, key: str) -> None:
    structlog.get_logger("server").warning("refused", **{key: SAID, "nested": {"list": [{key: SAID}]}})
    (line,) = lines(stream)
    assert SAID not in stream.getvalue()
    assert line[key] == REDACTED
    assert line["nested"]["list"] == [{key: REDACTED}]


def test_figures_beside_personal_keys_are_kept(stream: io.StringIO) -> None:
    structlog.get_logger("agents").info("model called", prompt_tokens=12, text_length=7, content_type="text/html")
    (line,) = lines(stream)
    assert (line["prompt_tokens"], line["text_length"], line["content_type"]) == (12, 7, "text/html")


def test_an_object_is_shown_by_its_type_and_never_by_its_repr(stream: io.StringIO) -> None:
    class Heard:
        def __repr__(self) -> str:
            return SAID

    structlog.get_logger("agents").info("heard", item=Heard(), items=[Heard()])
    logging.getLogger("other").info({"said": SAID})
    logging.getLogger("other").info(Heard())
    first, second, third = lines(stream)
    assert SAID not in stream.getvalue()
    assert first["item"].endswith("Heard>")
    assert second["event"] == "<dict>"
    assert third["event"].endswith("Heard>")


def test_an_exception_shows_its_type_and_frames_but_not_its_words(stream: io.StringIO) -> None:
    def parse(words: str) -> None:
        raise ValueError(f"cannot parse {words}")

    try:
        try:
            parse(SAID)
        except ValueError as error:
            raise RuntimeError(SAID) from error
    except RuntimeError as error:
        structlog.get_logger("agents").exception("not understood")
        logging.getLogger("uvicorn.error").error("Exception in ASGI application\n", exc_info=error)
        logging.getLogger("uvicorn.error").error("it failed: %s", error)
        logging.getLogger("uvicorn.error").error(error)
    ours, theirs, argument, bare = lines(stream)
    assert SAID not in stream.getvalue()
    for line in (ours, theirs):
        outer, inner = line["exception"]
        assert outer["error"] == "RuntimeError"
        assert inner["error"] == "ValueError"
        assert inner["frames"][-1].endswith(" parse")
    assert theirs["event"] == "Exception in ASGI application"
    assert argument["event"] == "it failed: RuntimeError"
    assert bare["event"] == "RuntimeError"


def test_an_exception_of_a_tree_marked_safe_keeps_its_sentence(stream: io.StringIO) -> None:
    class PortBusyError(Exception):
        safe = True

    try:
        raise ExceptionGroup("both", [PortBusyError("Port 8000 is in use."), ValueError(SAID)])
    except ExceptionGroup:
        structlog.get_logger("server").exception("not started")
    (line,) = lines(stream)
    errors = [error["error"].rpartition(".")[2] if "safe" in error else error["error"] for error in line["exception"]]
    assert any(error.endswith("PortBusyError: Port 8000 is in use.") for error in errors)
    assert errors[-1] == "ValueError"
    assert SAID not in stream.getvalue()


async def test_a_task_that_failed_unseen_is_named_without_its_words(stream: io.StringIO) -> None:
    async def fail() -> None:
        raise ValueError(SAID)

    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    del task
    (line,) = lines(stream)
    assert line["event"] == "Task exception was never retrieved"
    assert line["exception"][0]["error"] == "ValueError"
    assert SAID not in stream.getvalue()


def test_livekits_sentences_lose_what_they_quote(stream: io.StringIO) -> None:
    log = logging.getLogger("livekit.agents")
    log.warning(f"closing due to unrecoverable error: {SAID}")  # noqa: G004 - as livekit does
    log.warning("said %s in %d ms", SAID, 12)
    log.warning("said %(what)s", {"what": SAID})
    assert SAID not in stream.getvalue()
    assert [line["event"] for line in lines(stream)] == [
        f"closing due to unrecoverable error: {REDACTED}",
        f"said {REDACTED} in 12 ms",
        f"said {REDACTED}",
    ]


def test_a_line_that_cannot_be_written_does_not_show_its_arguments(
    stream: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    # The test runner's own handlers raise at such a record instead of printing it.
    root.handlers[:] = [handler for handler in root.handlers if type(handler).__module__ == "server.logging"]
    logging.getLogger("other").warning("%d", SAID)
    (line,) = lines(stream)
    assert line["event"] == "a log line could not be written"
    assert SAID not in stream.getvalue() + "".join(capsys.readouterr())


def test_libraries_stay_at_info_when_we_are_at_debug(stream: io.StringIO) -> None:
    logging.getLogger("websockets.server").debug("< TEXT '%s'", SAID)
    structlog.get_logger("server.live").debug("tick")
    assert [line["event"] for line in lines(stream)] == ["tick"]


def test_uvicorns_access_lines_are_off(stream: io.StringIO) -> None:
    logging.getLogger("uvicorn.access").info("GET /room?ticket=abc")
    assert stream.getvalue() == ""


def test_the_level_asked_for_holds_for_ours() -> None:
    out = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        configure(Settings(log_level="warning"), out)
        structlog.get_logger("server").info("quiet")
        structlog.get_logger("server").warning("heard")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
    assert [line["event"] for line in lines(out)] == ["heard"]


def test_the_console_format_is_for_eyes_and_redacts_the_same() -> None:
    out = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        configure(Settings(log_format="console"), out)
        try:
            raise ValueError(SAID)
        except ValueError:
            structlog.get_logger("server").exception("refused", text=SAID, seq=2)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
    shown = out.getvalue()
    assert "refused logger=server text=[redacted] seq=2" in shown
    assert "ValueError" in shown
    assert SAID not in shown
