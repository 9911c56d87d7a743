"""What can go wrong with what is kept.

StorageError
├── DatabaseUnavailable      the database does not answer, or went away
├── CacheUnavailable         Redis does not answer
├── ObjectsUnavailable       the object store does not answer, or cannot be written
├── NotFound                 no such row for this tenant
├── StaleEpoch               another process has taken the interview over
├── InterviewIsLive          somebody is in it, so it cannot be purged
├── AlreadyKept              an event with this id or client id is in the log already
├── NotPortable (storage.portable)
│   ├── InterviewIsHere      another interview of this id is here
│   ├── PlanDiffers          its plan is here under the same id with other content
│   └── RowsRefused          the rows are not what this schema takes
├── TicketRefused
│   ├── TicketUnknown
│   ├── TicketExpired
│   └── TicketUsed
└── MigrationError
    ├── MalformedMigration   a file that is not in dbmate's format
    ├── EditedMigration      an applied file was changed or removed
    ├── FailedMigration      the database refused a statement
    └── MigrationsBusy       another process holds the lock for too long

Each message is a sentence for the person; none holds what somebody said, a name, an address or a secret.
"""

from __future__ import annotations

from uuid import UUID


class StorageError(Exception):
    """Something about what is kept went wrong."""

    # Our own sentences carry nothing personal, so a log may keep them.
    safe = True


class DatabaseUnavailable(StorageError):
    """The database does not answer, or went away under a running statement."""

    def __init__(self, reason: str = "") -> None:
        cause = f" ({reason})" if reason else ""
        super().__init__(
            f"The database does not answer{cause}. "
            "Check that PostgreSQL runs and that DATABASE_URL is right; then try again."
        )


class CacheUnavailable(StorageError):
    """Redis does not answer."""

    def __init__(self, reason: str = "") -> None:
        cause = f" ({reason})" if reason else ""
        super().__init__(f"Redis does not answer{cause}. Check that it runs and that REDIS_URL is right.")


class ObjectsUnavailable(StorageError):
    """The object store does not answer, or cannot be written."""

    def __init__(self, reason: str = "") -> None:
        cause = f" ({reason})" if reason else ""
        super().__init__(
            f"The object store cannot be used{cause}. Check OBJECTS_URL, its credentials and its free space."
        )


class NotFound(StorageError):
    """There is no such row for this tenant."""

    def __init__(self, what: str, key: UUID | str) -> None:
        self.what = what
        self.key = key
        super().__init__(f"There is no {what} {key} here. It may have been deleted, or belong to someone else.")


class StaleEpoch(StorageError):
    """The epoch given is not the interview's: another process took over, and this one falls silent."""

    def __init__(self, interview_id: UUID, epoch: int) -> None:
        self.interview_id = interview_id
        self.epoch = epoch
        super().__init__(
            f"Interview {interview_id} is no longer held under epoch {epoch}: another process has taken it over."
        )


class InterviewIsLive(StorageError):
    """The interview is open and a process holds it: it is not purged under its candidate."""

    def __init__(self, interview_id: UUID) -> None:
        self.interview_id = interview_id
        super().__init__(f"Interview {interview_id} is live. End it, or wait until it has ended; then purge it.")


class AlreadyKept(StorageError):
    """One of the events is in the log already; none of those given was appended.

    `event_id` and `client_id` are those of the kept event and `seq` is its number. All three are None in
    one case only: the same event was kept by another transaction at that very moment; `events.kept_seq`
    then tells, in a new transaction.
    """

    def __init__(self, event_id: UUID | None, client_id: str | None, seq: int | None) -> None:
        self.event_id = event_id
        self.client_id = client_id
        self.seq = seq
        where = f" as number {seq}" if seq is not None else ""
        super().__init__(f"This was received before and is kept{where}; it is not kept twice.")


class TicketRefused(StorageError):
    """A ticket that does not open its interview."""


class TicketUnknown(TicketRefused):
    """No such ticket was ever given out."""

    def __init__(self) -> None:
        super().__init__("This ticket is not known. Open the interview from its page to get a new one.")


class TicketExpired(TicketRefused):
    """The ticket's time is over."""

    def __init__(self) -> None:
        super().__init__("This ticket has expired. Open the interview from its page to get a new one.")


class TicketUsed(TicketRefused):
    """The ticket has opened a connection before."""

    def __init__(self) -> None:
        super().__init__("This ticket was used before; each opens one connection. Ask for a new one.")


class MigrationError(StorageError):
    """The schema cannot be brought up to date."""


class MalformedMigration(MigrationError):
    """A file that is not in dbmate's format: names the file and the line."""

    def __init__(self, file: str, line: int, wrong: str, mend: str) -> None:
        self.file = file
        self.line = line
        super().__init__(f"{file}, line {line}: {wrong}. {mend}")


class EditedMigration(MigrationError):
    """A migration that was applied before is not the file it was."""

    def __init__(self, file: str, wrong: str) -> None:
        self.file = file
        super().__init__(
            f"{file} {wrong} after it was applied to this database. "
            "Restore the file as it was, and put the change into a new migration."
        )


class FailedMigration(MigrationError):
    """The database refused a statement of a migration, which was rolled back."""

    def __init__(self, file: str, line: int | None, reason: str) -> None:
        self.file = file
        self.line = line
        where = f"{file}, line {line}" if line is not None else file
        super().__init__(f"{where}: the database refused this migration: {reason}")


class MigrationsBusy(MigrationError):
    """Another process has been migrating this database for too long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"Another process has been migrating this database for more than {seconds:.0f} seconds. "
            "Wait for it or stop it; then start again."
        )
