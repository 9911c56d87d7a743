"""How much of the machine was taken meanwhile, by a run and by anybody: a figure of time means little without it."""

from contextlib import suppress

import psutil


class Machine:
    """Watches from its making on."""

    def __init__(self) -> None:
        self._times = psutil.cpu_times()
        self._ours_s = _ours_s()

    @property
    def words(self) -> str:
        """A sentence. What died with a killed database is not counted to the run."""
        later = psutil.cpu_times()
        spent = max(1e-9, sum(later) - sum(self._times))
        idle = later.idle - self._times.idle + getattr(later, "iowait", 0.0) - getattr(self._times, "iowait", 0.0)
        return f"The machine was {1 - idle / spent:.0%} busy, {(_ours_s() - self._ours_s) / spent:.0%} by this run."


def _ours_s() -> float:
    """Processor time of this process and all below it so far, those that have ended included, s."""
    here = psutil.Process()
    spent = 0.0
    for process in (here, *here.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            spent += sum(process.cpu_times()[:4])
    return spent
