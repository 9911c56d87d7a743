"""`python -m tests.emulators.running`: the product against the emulators, for a person to click through with sound."""

import os
import signal
import subprocess
import sys
from types import FrameType


def main() -> int:
    """Ends both when either ends, or at Ctrl-C; returns the product's exit code."""
    emulators = subprocess.Popen(
        [sys.executable, "-m", "tests.emulators", "--port", "0", *sys.argv[1:]],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for us, who end it after the product.
    )
    try:
        assert emulators.stdout is not None
        environment = dict(os.environ)
        for line in emulators.stdout:
            if not line.strip():
                break
            name, _, value = line.strip().partition("=")
            environment[name] = value
        product = subprocess.Popen([sys.executable, "-m", "server", "run"], env=environment)

        def stop(_number: int, _frame: FrameType | None) -> None:
            product.terminate()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, lambda _number, _frame: None)  # The terminal tells the product as well.
        return product.wait()
    finally:
        emulators.terminate()
        emulators.wait()


if __name__ == "__main__":
    sys.exit(main())
