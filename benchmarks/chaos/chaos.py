"""`python -m benchmarks chaos`: interviews that go on whatever is killed under them."""

import sys
import tempfile
from pathlib import Path

from benchmarks.chaos.figures import faults, figures, outline, remark
from benchmarks.chaos.running import Chaos, run
from benchmarks.figure import Figure

MOST_OUTLINED = 3


async def chaos(asked: Chaos, folder: Path | None = None) -> list[Figure]:
    """The figures of one run; what went wrong is told on stderr. `folder` keeps everything, logs included.

    Raises `SiteError`.
    """
    if folder is not None:
        return await _chaos(asked, folder)
    with tempfile.TemporaryDirectory(prefix="viva-chaos-") as passing:
        return await _chaos(asked, Path(passing))


async def _chaos(asked: Chaos, folder: Path) -> list[Figure]:
    ran = await run(folder, asked)
    found = faults(ran)
    for sentence in (*remark(ran), *(f"{name}: {fault}" for name, some in found.items() for fault in some)):
        print(sentence, file=sys.stderr)
    wrong = {fault.partition(":")[0] for some in found.values() for fault in some}
    for held in [held for held in ran.held if str(held.judgement.interview_id) in wrong][:MOST_OUTLINED]:
        print(f"\n{held.judgement.interview_id} ({held.witness.name})", file=sys.stderr)
        print("\n".join(outline(held.log)), file=sys.stderr)
    return list(figures(ran))
