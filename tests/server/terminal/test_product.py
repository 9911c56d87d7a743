"""The terminal against the whole product: nothing here is played by a script."""

import asyncio
import io
import os
import subprocess
import sys
from pathlib import Path

import msgspec

from benchmarks.product import ROOT, Product
from server.live.protocol import Fact, ReplyDelta
from server.terminal.api import Api
from server.terminal.candidates import Candidate, Moment, Push, Speak
from server.terminal.client import LiveClient
from server.terminal.simulation import simulate

WITHIN_S = 60.0


async def test_one_candidate_of_each_kind_completes_with_every_answer_judged(product: Product) -> None:
    out = io.StringIO()
    status = await simulate(product.url, 6, judged_within_s=WITHIN_S, out=out)
    (total,) = [msgspec.json.decode(line) for line in out.getvalue().splitlines()]
    assert status == 0
    assert total["completed"] == 6
    assert total["core_questions"] == total["core_counted"] == 42
    assert total["answers"] == total["scored"] + total["null"] == 42
    assert total["scored"] > 0
    assert total["null"] > 0
    assert (total["unscored"], total["errors"]) == (0, 0)


async def test_a_restart_keeps_what_was_scored(product: Product) -> None:
    out = io.StringIO()
    assert await simulate(product.url, 1, plans=["backend-engineer"], judged_within_s=WITHIN_S, out=out) == 0
    async with Api(product.url) as api:
        live = LiveClient(api)
        interview_id = await live.create("behavioural", "es")
        async with asyncio.timeout(WITHIN_S):
            async for _ in live.messages():
                if live.sitting.has_floor:
                    break
        await live.close()
        words = [fact.event["text"] for fact in live.sitting.facts if fact.event["type"] == "reply.heard"]
    await product.stop()
    await product.start()
    async with Api(product.url) as api:
        again = LiveClient(api)
        again.resume(interview_id)
        async with asyncio.timeout(WITHIN_S):
            async for _ in again.messages():
                if again.sitting.has_floor:
                    break
        await again.close()
    heard = [fact.event["text"] for fact in again.sitting.facts if fact.event["type"] == "reply.heard"]
    assert heard[: len(words)] == words
    assert len(heard) == len(words) + 1
    assert again.sitting.state is not None
    assert again.sitting.state.phase == "consent"
    assert again.sitting.state.language == "es"


async def test_a_line_that_is_cut_again_and_again_loses_and_doubles_nothing(product: Product) -> None:
    candidate = Candidate("good", "en", seed="cut")
    said: list[str] = []
    async with Api(product.url) as api, asyncio.timeout(WITHIN_S):
        live = LiveClient(api)
        await live.create("behavioural", "en")
        acted_on = None
        async for message in live.messages():
            sitting = live.sitting
            if sitting.ended:
                break
            if isinstance(message, ReplyDelta) and live.connections < 8:
                live.drop()
                continue
            if not sitting.has_floor or sitting.reply is None or sitting.reply.reply_id == acted_on:
                continue
            acted_on = sitting.reply.reply_id
            assert sitting.state is not None
            question = sitting.state.question.id if sitting.state.question else None
            match candidate.act(Moment("behavioural", sitting.state.phase, question, sitting.state.may)):
                case Speak(text):
                    said.append(text)
                    await live.say(text)
                case Push(request):
                    await live.press(request)
                case None:
                    pass
        await live.close()
    facts = live.sitting.facts
    assert live.connections == 8
    assert [fact.seq for fact in facts] == sorted({fact.seq for fact in facts})
    assert turns(facts) == said
    asked = [fact.event["question_id"] for fact in facts if fact.event["type"] == "question.asked"]
    assert asked == [f"q{n}" for n in range(1, 8)]
    assert live.sitting.end_reason == "completed"


def turns(facts: list[Fact]) -> list[str]:
    return [fact.event["text"] for fact in facts if fact.event["type"] == "turn.closed"]


def test_the_command_holds_an_interview_from_a_pipe(product: Product, tmp_path: Path) -> None:
    lines = ["sí", "Trabajo en una tienda.", *["/saltar"] * 7, "no"]
    ended = subprocess.run(
        [sys.executable, "-m", "server", "practise", "--plan", "behavioural", "--language", "es", "--url", product.url],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"},
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "Pregunta 7 de 7" in ended.stdout
    assert "En conjunto: no alcanza para evaluar" in ended.stdout
    assert f"{product.url}/interviews/" in ended.stdout


def test_the_command_prints_json_lines_of_a_simulation(product: Product, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "server", "simulate", "--interviews", "2", "--seed", "5", "--url", product.url],
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert msgspec.json.decode(ended.stdout)["completed"] == 2
