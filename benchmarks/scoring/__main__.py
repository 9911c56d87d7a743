"""`python -m benchmarks.scoring [FILE.jsonl]`: how well the rehearsal scorer judges, one JSON object a line.

With a file of graded answers it tells how far the scorer and each of its parts agree with the grades. Without one it
runs all that is kept here, and exits 1 where a bar is missed.
"""

import argparse
import sys
from pathlib import Path

import msgspec

from benchmarks.scoring.graded import GradedSetError, read_graded
from benchmarks.scoring.sets import readings_of, table


def main(arguments: list[str] | None = None) -> int:
    """Prints the table; returns 0, 1 where a bar is missed, 2 where the file cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scoring", description="Measure the rehearsal scorer.")
    parser.add_argument("file", nargs="?", type=Path, help="graded answers, one JSON object a line; all suites without")
    chosen = parser.parse_args(arguments)
    if chosen.file is None:
        # Only this reads the plans and the material of the terminal.
        from benchmarks.scoring.suites import run_all

        return run_all(_print)
    try:
        graded = read_graded(chosen.file)
    except GradedSetError as error:
        print(error, file=sys.stderr)
        return 2
    for row in table(chosen.file.stem, readings_of(graded)):
        _print(row)
    return 0


def _print(row: msgspec.Struct) -> None:
    print(msgspec.json.encode(row).decode(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
