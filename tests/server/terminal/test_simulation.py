import io
from typing import Any

import msgspec

from server.live import protocol
from server.terminal.playing import Played, Turn
from server.terminal.simulation import simulate, summary
from server.terminal.timing import percentile
from tests.server.terminal.scripts import REPORT, SCORES, answered, short_interview, whole_wire
from tests.server.terminal.wire import Side, Wire, serving


async def run(wire: Wire, interviews: int = 1) -> tuple[int, list[dict[str, Any]]]:
    """The exit status and the lines."""
    out = io.StringIO()
    async with serving(wire) as url:
        status = await simulate(
            url, interviews, kinds=("good",), languages=("en",), judged_within_s=5.0, out=out, concurrency=1
        )
    return status, [msgspec.json.decode(line) for line in out.getvalue().splitlines()]


async def test_a_completed_interview_is_one_line_of_totals() -> None:
    status, lines = await run(whole_wire())
    assert status == 0
    (total,) = lines
    assert total.pop("turns") >= 6
    assert 0 < total.pop("turn_p50_ms") <= total.pop("turn_p95_ms") < 5_000
    assert total == {
        "interviews": 1,
        "completed": 1,
        "core_questions": 2,
        "core_counted": 2,
        "skipped": 0,
        "answers": 2,
        "scored": 1,
        "null": 1,
        "unscored": 0,
        "errors": 0,
    }


async def test_an_answer_without_a_score_is_told_and_fails_the_run() -> None:
    wire = whole_wire()
    wire.scores = SCORES[:1]
    status, lines = await run(wire)
    assert status == 1
    assert lines[0]["why"] == ["1 of 2 answers have no score."]
    assert lines[1]["unscored"] == 1


async def test_the_latest_version_of_an_answer_is_the_one_that_counts() -> None:
    wire = whole_wire()
    wire.scores = [{"question_id": "q1", "version": 2, "level": None}, *SCORES]
    _, lines = await run(wire)
    assert (lines[-1]["scored"], lines[-1]["null"]) == (0, 2)


async def test_an_interview_that_breaks_off_is_named_with_the_reason() -> None:
    async def breaks_off(side: Side) -> None:
        await side.welcome()
        await side.speak("Hello. Do you agree?", "consent")
        await answered(side)
        await side.close(4404)

    wire = Wire(breaks_off, short_interview)
    wire.report, wire.scores = REPORT, SCORES
    status, lines = await run(wire, 2)
    assert status == 1
    failed, total = lines
    assert failed["candidate"] == "good"
    assert failed["plan"] == "behavioural"
    assert failed["why"] == ["The server closed the connection.", "The interview did not end."]
    assert (total["interviews"], total["completed"], total["errors"]) == (2, 1, 1)


async def test_a_question_that_never_counted_is_no_completed_interview() -> None:
    async def leaves_out(side: Side) -> None:
        await side.welcome()
        await side.speak("Question q1?", "questions", "q1", asks=True)
        await answered(side)
        await side.send(side.fact("interview.ended", reason="completed"))

    wire = Wire(leaves_out)
    wire.report = REPORT
    status, lines = await run(wire)
    assert status == 1
    assert lines[0]["why"] == ["Only 1 of 2 core questions counted."]


async def test_a_refused_message_is_an_error_and_the_candidate_goes_on() -> None:
    async def refuses_once(side: Side) -> None:
        await side.welcome()
        await side.speak("Hello. Do you agree?", "consent")
        first = await side.take()
        assert isinstance(first, protocol.Say)
        await side.send(protocol.Problem(code="wrong_phase", message="Not yet.", client_id=first.client_id))
        second = await side.take()
        assert isinstance(second, protocol.Press)
        assert second.request == "consent"
        await side.keep(second)
        await side.send(side.fact("interview.ended", reason="stopped"))

    wire = Wire(refuses_once)
    wire.report = REPORT
    status, lines = await run(wire)
    assert status == 1
    assert lines[0]["why"] == ["wrong_phase: Not yet.", "The interview ended early: stopped."]


async def test_without_a_server_one_line_says_so() -> None:
    out = io.StringIO()
    assert await simulate("http://127.0.0.1:1", 3, out=out) == 1
    (line,) = out.getvalue().splitlines()
    assert "viva run" in msgspec.json.decode(line)["error"]


async def test_a_plan_that_is_not_there_is_named() -> None:
    out = io.StringIO()
    async with serving(Wire()) as url:
        assert await simulate(url, 1, plans=["juggling"], out=out) == 1
    assert msgspec.json.decode(out.getvalue())["error"] == "There is no plan `juggling` here. On offer: behavioural."


def test_a_core_question_skipped_before_it_was_heard_is_no_missing_one() -> None:
    played = Played("weak", "en", "behavioural", end_reason="completed", core=7, counted=6, skipped=2, passed_by=1)
    assert played.faults == []
    assert summary([played]).completed == 1


def test_the_slowest_turns_are_in_the_percentiles() -> None:
    played = Played("good", "en", "behavioural", turns=[Turn(0.0, float(ms)) for ms in range(1, 101)])
    total = summary([played])
    assert (total.turn_p50_ms, total.turn_p95_ms) == (50.0, 95.0)
    assert summary([]).turn_p50_ms is None
    assert percentile([3.0], 0.01) == 3.0
