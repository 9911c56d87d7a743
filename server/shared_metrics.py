"""The figures of several serving processes behind one port, added up whoever is asked for them.

Each process keeps its own in files of one folder; prometheus_client does so where `PROMETHEUS_MULTIPROC_DIR` names it.
The parent makes the folder, and when a process has ended takes what it held at that moment (gauges) out of the sums
and adds what it counted to one pair of files, so that counters never fall and the folder does not grow.
"""

import contextlib
import fcntl
import json
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.mmap_dict import MmapedDict

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
GONE = 0
"""Stands for the process id of all that have ended."""
_COUNTED = ("counter", "histogram")


class SharedMetrics:
    """The folder, made and removed by the parent."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="viva-metrics-"))

    @property
    def env(self) -> dict[str, str]:
        """What a process finds in its environment to take part."""
        return {VARIABLE: str(self.folder)}

    def departed(self) -> None:
        """Take the processes that have ended out of what is told of the living."""
        with _alone(self.folder, fcntl.LOCK_EX):
            for path in self.folder.glob("gauge_*.db"):
                if not _is_alive(_pid(path)):
                    path.unlink()
            for kind in _COUNTED:
                ended = [path for path in self.folder.glob(f"{kind}_*.db") if not _is_alive(_pid(path))]
                if [_pid(path) for path in ended] not in ([], [GONE]):
                    _add_up(ended, self.folder / f"{kind}_{GONE}.db")

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Within it no process is taken out, so that nothing is counted twice."""
    with _alone(folder, fcntl.LOCK_SH):
        yield


def processes(folder: Path) -> list[int]:
    """The ids of the living processes that take part."""
    return sorted({pid for path in folder.glob("gauge_*.db") if _is_alive(pid := _pid(path))})


def gauges_of_others(folder: Path) -> list[dict[str, float]]:
    """What each other process holds just now, by the name of the gauge. Quick enough for every connection: 0.1 ms."""
    found: list[dict[str, float]] = []
    for path in folder.glob("gauge_*.db"):
        if _pid(path) == os.getpid():
            continue
        with contextlib.suppress(FileNotFoundError):  # it ended just now
            values = MmapedDict.read_all_values_from_file(str(path))  # type: ignore[no-untyped-call]
            found.append({json.loads(key)[0]: value for key, value, _timestamp, _place in values})
    return found


@contextlib.contextmanager
def _alone(folder: Path, how: int) -> Iterator[None]:
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


def _add_up(ended: list[Path], into: Path) -> None:
    sums: dict[str, float] = defaultdict(float)
    for path in ended:
        for key, value, _timestamp, _place in MmapedDict.read_all_values_from_file(str(path)):  # type: ignore[no-untyped-call]
            sums[key] += value
    new = into.with_suffix(".new")
    new.unlink(missing_ok=True)
    book = MmapedDict(str(new))  # type: ignore[no-untyped-call]
    for key, value in sums.items():
        book.write_value(key, value, 0.0)  # type: ignore[no-untyped-call]
    book.close()  # type: ignore[no-untyped-call]
    new.rename(into)
    for path in ended:
        if path != into:
            path.unlink()


def _pid(path: Path) -> int:
    return int(path.stem.rpartition("_")[2])


def _is_alive(pid: int) -> bool:
    if pid == GONE:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
