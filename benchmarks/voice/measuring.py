"""Spoken interviews on real sockets against serving processes of their own, setting by setting."""

import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from uuid import UUID

from benchmarks.figure import Figure
from benchmarks.product import ProductError
from benchmarks.voice.clips import clips
from benchmarks.voice.figures import faults, figures, remark
from benchmarks.voice.keeping import kept
from benchmarks.voice.settings import settings
from benchmarks.voice.stage import run, set_up

MOST_FAULTS_SHOWN = 10


async def voice(
    folder: Path, interviews: int, seconds: float, names: Sequence[str] = ()
) -> AsyncIterator[list[Figure]]:
    """The figures of each setting, as soon as it has run, with so many interviews a process. `names` picks some of
    the settings. Raises `ProductError`.
    """
    chosen = settings(interviews)
    unknown = set(names) - {setting.name for setting in chosen}
    if unknown:
        known = ", ".join(setting.name for setting in chosen)
        message = f"there is no setting {', '.join(sorted(unknown))}; there are {known}"
        raise ProductError(message)
    clips()  # Spoken once, here: the processes of candidates find them on disk.
    async with set_up(folder) as stage:
        for number, setting in enumerate(chosen):
            if names and setting.name not in names:
                continue
            ran = await run(stage, setting, seconds, seed=10 * number)
            accounts = [account for told in ran.told for account in told.accounts]
            logs = [kept(account, await stage.log(UUID(account.interview_id))) for account in accounts]
            print(remark(ran), file=sys.stderr)
            for fault in faults(ran, logs)[:MOST_FAULTS_SHOWN]:
                print(f"{setting.name}: {fault}", file=sys.stderr)
            yield list(figures(ran, logs))
