"""Who runs on a home: one process at a time, known by a lock that ends with it."""

import os
from pathlib import Path

from server.embedded.children import lock_now
from server.embedded.errors import HomeInUseError, filesystem_errors


def lock_file(home: Path, name: str) -> Path:
    """The file of one of the home's locks."""
    return home / "locks" / name


class HomeLock:
    """The right to run on a home, or to run one service of it: held by one process, free the moment it ends."""

    def __init__(self, home: Path, name: str = "home") -> None:
        self.home = home.absolute()
        self._file = lock_file(self.home, name)
        self._descriptor: int | None = None

    def take(self) -> None:
        """Take it; HomeInUseError when another holds it. Nothing happens when it is held already."""
        if self._descriptor is not None:
            return
        with filesystem_errors(self.home):
            # Others may pass through the home, for a service may run as another user, but not look into it.
            self.home.mkdir(mode=0o711, parents=True, exist_ok=True)
            self._file.parent.mkdir(mode=0o700, exist_ok=True)
            descriptor, holding = lock_now(self._file)
            if descriptor is None:
                raise HomeInUseError(self.home, holding)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Give it back; does nothing when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def holder(home: Path) -> int | None:
    """The pid of the process that runs on a home, None when none does."""
    file = lock_file(home.absolute(), "home")
    if not file.exists():
        return None
    descriptor, pid = lock_now(file)
    if descriptor is not None:
        os.close(descriptor)
    return pid
