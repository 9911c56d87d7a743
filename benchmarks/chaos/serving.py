"""`python -m benchmarks.chaos.serving`: the product's serving process, with scripted ears."""

import asyncio
import os
import sys

import uvloop

from agents.rehearsal.interviewer import RehearsalInterviewer
from benchmarks.voice.ears import ScriptedEars
from benchmarks.voice.settings import FORCED, NONE
from server import logging, settings
from server.serving import serve_until_stopped


def main() -> None:
    held, _sources = settings.load(os.environ, None)
    logging.configure(held)
    writer = RehearsalInterviewer()
    serving = serve_until_stopped(
        held,
        lambda sentence: print(sentence, file=sys.stderr),
        ears=ScriptedEars(NONE, FORCED),
        writers=lambda _tenant_id, _interview_id: writer,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving)


if __name__ == "__main__":
    main()
