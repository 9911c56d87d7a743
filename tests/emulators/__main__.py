"""`python -m tests.emulators`: every emulator on one port, until Ctrl-C or SIGTERM.

Standard output gets the environment for Viva, a line each, and then an empty line.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from tests.emulators.faults import Faults
from tests.emulators.house import serving
from tests.emulators.settings import Settings
from tests.emulators.street import SENTENCES, application, environment


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.emulators", description=__doc__)
    parser.add_argument("--port", type=int, default=8900, help="0 takes a free one")
    parser.add_argument(
        "--voice", choices=("tones", "speech"), default="speech", help="what the interviewer sounds like"
    )
    parser.add_argument("--first-final-ms", type=float, default=150.0, help="speech to text, after the end of speech")
    parser.add_argument("--first-token-ms", type=float, default=400.0, help="language models")
    parser.add_argument("--first-byte-ms", type=float, default=150.0, help="text to speech")
    asked = parser.parse_args()
    settings = Settings(
        voice=asked.voice,
        first_final_ms=asked.first_final_ms,
        first_token_ms=asked.first_token_ms,
        first_byte_ms=asked.first_byte_ms,
        sentences=SENTENCES,
    )
    asyncio.run(_serve(asked.port, settings))


async def _serve(port: int, settings: Settings) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopped.set)
    async with serving(application(Faults(), settings), port=port) as url:
        lines = [f"{name}={value}" for name, value in environment(url, settings).items()]
        sys.stdout.write("\n".join(lines) + "\n\n")
        sys.stdout.flush()
        sys.stderr.write("These sentences are understood when spoken; anything can be typed:\n")
        for sentences in settings.sentences.values():
            sys.stderr.writelines(f"  {sentence}\n" for sentence in sentences)
        await stopped.wait()


if __name__ == "__main__":
    main()
