"""What can go wrong with the services Viva runs itself. Each message is a sentence that says what to do.

EmbeddedError
├── HomeInUseError          another server holds this home
├── HomeNotWritableError    the folder cannot be made, read or written
├── DiskFullError           no room left
├── ProgramMissingError     the service's program is not installed for this system
├── StaleServiceError       a server left by a dead process does not stop
├── DataVersionError        the data was written by another major version
├── DataDamagedError        the service will not start from the data it finds
└── ServiceNotReadyError    it started and then stopped, or was not ready in time
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar


class EmbeddedError(Exception):
    """An embedded service cannot run; the message says why and what to do, and holds nothing personal."""

    safe: ClassVar[bool] = True


class HomeInUseError(EmbeddedError):
    """Another process holds the home folder."""

    def __init__(self, home: Path, pid: int | None) -> None:
        who = f"process {pid}" if pid else "another process"
        super().__init__(
            f"Viva is already running on {home} ({who}). "
            "Stop it, or set VIVA_HOME to another folder and VIVA_PORT to another port."
        )
        self.pid = pid


class HomeNotWritableError(EmbeddedError):
    """A folder below the home cannot be made, read or written."""


class DiskFullError(EmbeddedError):
    """There is no room left where the home is."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"The disk that holds {folder} is full. Free some space, or set VIVA_HOME to a folder on another disk."
        )


class ProgramMissingError(EmbeddedError):
    """The program of an embedded service is not installed, or cannot be run by its account."""


class StaleServiceError(EmbeddedError):
    """A server that a dead process left behind holds the data folder and does not stop."""


class DataVersionError(EmbeddedError):
    """The data folder was written by another major version of PostgreSQL."""


class DataDamagedError(EmbeddedError):
    """The service refuses the data it finds."""


class ServiceNotReadyError(EmbeddedError):
    """The service stopped during its start, or was not ready in time."""


@contextmanager
def filesystem_errors(folder: Path) -> Iterator[None]:
    """Turn an OSError on files below `folder` into the sentence that fits it."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFullError(folder) from error
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise HomeNotWritableError(
                f"Viva may not write {error.filename or folder}. "
                "Give this user the folder, or set VIVA_HOME to a folder it owns."
            ) from error
        raise HomeNotWritableError(
            f"Viva cannot use {error.filename or folder} ({error.strerror}). Set VIVA_HOME to another folder."
        ) from error
