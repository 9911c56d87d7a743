"""A site: databases, serving processes and queue workers as children that can be killed one by one and come back.

async with site(folder, servings=2, workers=1) as it:
    await it.servings[0].kill()
    await it.servings[0].start()
    await it.postgres.kill()
    await it.postgres.start()

Everything listens on this machine only and keeps its data below the folder.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import psutil

from benchmarks.chaos.proxy import Lines, Proxy, socket_file
from benchmarks.product import LOOK_EVERY_S, ROOT, free_port
from server.embedded import EmbeddedPostgres, EmbeddedValkey
from server.embedded.children import ChildProcess, spawn
from server.embedded.service import Service
from storage import migrations
from storage.roles import APPLICATION, MAINTENANCE

READY_WITHIN_S = 60.0
STOPPED_WITHIN_S = 30.0


class SiteError(Exception):
    """A part of the site did not come up; the message ends with its last words."""


class Base:
    """PostgreSQL or Valkey, as `viva run` keeps it, with the bad days that happen to it."""

    def __init__(self, service: Service) -> None:
        self.service = service

    @property
    def is_up(self) -> bool:
        return self.service.pid is not None

    async def start(self) -> None:
        await self.service.start()

    async def kill(self) -> None:
        """Every process of it dies at once, as when the machine fails; what was not on disk is gone."""
        pid = self.service.pid
        if pid is None:
            return
        family = _family(pid)
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        await self.service.exited()
        # Its children are nobody's to wait for, and the folder is theirs until they are gone.
        await asyncio.to_thread(psutil.wait_procs, family[1:], 5.0)

    def freeze(self) -> None:
        """Every process of it stands still: connections stay, nothing answers."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        self._send(signal.SIGCONT)

    def cap_files(self, largest: int | None) -> None:
        """No file of it grows beyond so many bytes, as on a disk that is full; None: there is room again.

        PostgreSQL takes what the kernel then refuses as it takes a full disk.
        """
        pid = self.service.pid
        for process in _family(pid) if pid is not None else ():
            with contextlib.suppress(psutil.NoSuchProcess):
                _cap_files(process, largest)

    async def stop(self) -> None:
        self.thaw()
        await self.service.stop()

    def _send(self, number: signal.Signals) -> None:
        pid = self.service.pid
        for process in _family(pid) if pid is not None else ():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)


class Part:
    """A process of Viva's own: a serving process or a queue worker. `start` and `kill` may be repeated."""

    def __init__(self, name: str, argv: Sequence[str], env: Mapping[str, str], folder: Path, line: Proxy) -> None:
        self.name = name
        self.line = line
        """Between it and the database."""
        self.env = dict(env)
        """What it is started with next time; may be changed while it is down."""
        self.log = folder / f"{name}.log"
        """Where its words go; may be changed while it is down."""
        self._argv = list(argv)
        self._folder = folder
        self._process: ChildProcess | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self.is_up and self._process is not None else None

    @property
    def is_up(self) -> bool:
        return self._process is not None and self._process.status is None

    def begin(self) -> None:
        """Starts it and does not wait."""
        if not self.is_up:
            self._process = spawn(self._argv, ending=signal.SIGKILL, env=self.env, cwd=self._folder, log=self.log)

    async def start(self) -> None:
        """Starts it and waits until it is ready. Raises `SiteError`."""
        self.begin()
        await self.ready()

    async def ready(self) -> None:
        """For a worker, being there is all that can be seen."""

    async def kill(self) -> None:
        """SIGKILL: it says goodbye to nobody."""
        if self._process is not None:
            self._process.send(signal.SIGKILL)
            await self._process.exited()

    def freeze(self) -> None:
        """It stands still, connections and all, as a machine that swaps or a process that is paused."""
        if self._process is not None:
            self._process.send(signal.SIGSTOP)

    def thaw(self) -> None:
        if self._process is not None:
            self._process.send(signal.SIGCONT)

    async def stop(self) -> int:
        """SIGTERM, as an operator stops it; its exit status."""
        if self._process is None:
            return 0
        self.thaw()
        return await self._process.end((signal.SIGTERM, STOPPED_WITHIN_S))

    def last_words(self) -> str:
        with contextlib.suppress(OSError):
            if not self.log.is_file():
                return ""
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-10:])
        return ""


class Serving(Part):
    """A serving process on a port of its own, which it keeps across restarts."""

    def __init__(self, name: str, argv: Sequence[str], env: Mapping[str, str], folder: Path, line: Proxy) -> None:
        self.port = free_port()
        super().__init__(name, argv, {**env, "VIVA_PORT": str(self.port)}, folder, line)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    async def ready(self) -> None:
        """Waits until `/readyz` says so. Raises `SiteError`."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + READY_WITHIN_S
        async with httpx.AsyncClient(trust_env=False, timeout=5.0) as http:
            while not await self._is_ready(http):
                if not self.is_up or loop.time() > deadline:
                    message = f"{self.name} did not get ready; its last words:\n{self.last_words()}"
                    raise SiteError(message)
                await asyncio.sleep(LOOK_EVERY_S)

    async def is_ready(self) -> bool:
        """What `/readyz` says now."""
        async with httpx.AsyncClient(trust_env=False, timeout=5.0) as http:
            return await self._is_ready(http)

    async def _is_ready(self, http: httpx.AsyncClient) -> bool:
        try:
            return (await http.get(f"{self.url}/readyz")).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False


class Site:
    """All of one installation. `door` is where clients come in, `line` what lies before the database."""

    def __init__(
        self,
        folder: Path,
        *,
        servings: int,
        workers: int,
        env: Mapping[str, str] | None = None,
        serve: Sequence[str] = ("-m", "server", "serve"),
    ) -> None:
        """`env` is added to what every process finds; `serve` is what a serving process runs after the interpreter."""
        self.folder = folder
        self.postgres = Base(EmbeddedPostgres(folder / "data"))
        self.valkey = Base(EmbeddedValkey(folder / "data"))
        self.servings: list[Serving] = []
        self.workers: list[Part] = []
        self._counts = (servings, workers)
        self._added = dict(env or {})
        self._serve = [sys.executable, *serve]
        self._proxies = [Proxy([]) for _ in range(servings + workers)]
        self.line = Lines(self._proxies[:servings])
        """Between the serving processes and the database; judges go past it."""
        self.back_line = Lines(self._proxies[servings:])
        """Between the workers and the database."""
        self.door = Proxy([])
        """Before the serving processes: each connection goes to the next that answers."""

    @property
    def _postgres_service(self) -> EmbeddedPostgres:
        assert isinstance(self.postgres.service, EmbeddedPostgres)
        return self.postgres.service

    @property
    def _valkey_service(self) -> EmbeddedValkey:
        assert isinstance(self.valkey.service, EmbeddedValkey)
        return self.valkey.service

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"http://{self.door.address}"

    def database_url(self, role: str = APPLICATION) -> str:
        """The database itself, past every proxy."""
        return self._postgres_service.url(role)

    async def start(self) -> None:
        """Starts everything and waits until it is ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        await asyncio.gather(self.postgres.start(), self.valkey.start())
        postgres = self._postgres_service
        await migrations.up(
            postgres.admin_url, passwords={role: postgres.password(role) for role in (APPLICATION, MAINTENANCE)}
        )
        for line in self._proxies:
            line.upstreams[:] = [socket_file(_socket_folder(postgres.admin_url))]
            await line.start()
        if not self.servings:
            self._cast()
        self.door.upstreams[:] = [serving.address for serving in self.servings]
        await self.door.start()
        for part in (*self.servings, *self.workers):
            part.begin()
        await self.whole()

    async def mend(self) -> None:
        """Whatever happened: everything comes up again, and every line is good. One serving process is ready."""
        for line in (self.door, *self._proxies):
            line.release()
        for base in (self.postgres, self.valkey):
            base.thaw()
            await base.start()
            base.cap_files(None)
        for part in (*self.servings, *self.workers):
            part.thaw()
            part.begin()
        await self.someone_ready()

    async def whole(self) -> None:
        """Waits until every serving process is ready."""
        await asyncio.gather(*(serving.ready() for serving in self.servings))

    async def someone_ready(self) -> None:
        """Waits until one serving process is ready."""
        waiting = [asyncio.create_task(serving.ready()) for serving in self.servings]
        done, others = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await next(iter(done))

    async def stop(self) -> None:
        """Ends everything; the data stay."""
        for part in (*self.servings, *self.workers):
            await part.kill()
        for line in (self.door, *self._proxies):
            line.release()
            await line.stop()
        await self.valkey.stop()
        await self.postgres.stop()

    def _cast(self) -> None:
        servings, workers = self._counts
        for number, line in zip(range(servings), self.line.proxies, strict=True):
            name = f"serving-{number}"
            self.servings.append(Serving(name, self._serve, self._env(name, line), self.folder, line))
        for number, line in zip(range(workers), self.back_line.proxies, strict=True):
            name = f"worker-{number}"
            work = [sys.executable, "-m", "server", "work"]
            self.workers.append(Part(name, work, self._env(name, line), self.folder, line))

    def _through(self, line: Proxy, role: str) -> str:
        password = quote(self._postgres_service.password(role), safe="")
        return f"postgresql://{role}:{password}@{line.address}/viva?sslmode=disable"

    def _env(self, name: str, line: Proxy) -> dict[str, str]:
        # Settings of whoever runs this must not lead to their databases.
        ours = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("VIVA_") and not name.endswith("_URL")
        }
        ours |= {
            "VIVA_HOME": str(self.folder / name),
            "VIVA_HOST": "127.0.0.1",
            "DATABASE_URL": self._through(line, APPLICATION),
            "VIVA_MAINTENANCE_DATABASE_URL": self._through(line, MAINTENANCE),
            "REDIS_URL": self._valkey_service.url,
            "PYTHONPATH": str(ROOT),
            "NO_PROXY": "127.0.0.1,localhost",
        }
        return ours | self._added


@asynccontextmanager
async def site(
    folder: Path,
    *,
    servings: int = 2,
    workers: int = 1,
    env: Mapping[str, str] | None = None,
    serve: Sequence[str] = ("-m", "server", "serve"),
) -> AsyncIterator[Site]:
    """A site that is up while the block lasts."""
    built = Site(folder, servings=servings, workers=workers, env=env, serve=serve)
    try:
        await built.start()
        yield built
    finally:
        await built.stop()


def _cap_files(process: psutil.Process, largest: int | None) -> None:
    # As the account that the process runs as: others may not limit it.
    soft = "unlimited" if largest is None else str(largest)
    program = shutil.which("prlimit")
    assert program is not None, "prlimit is part of util-linux"
    done = subprocess.run(
        [program, f"--pid={process.pid}", f"--fsize={soft}:"],
        user=process.uids().real,
        group=process.gids().real,
        extra_groups=[],
        cwd="/",
        check=False,
        capture_output=True,
    )
    if done.returncode != 0 and process.is_running():
        raise SiteError(f"the files of process {process.pid} could not be capped: {done.stderr.decode().strip()}")


def _family(pid: int) -> list[psutil.Process]:
    """A process and all below it, itself first."""
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _socket_folder(url: str) -> str:
    return parse_qs(urlsplit(url).query)["host"][0]
