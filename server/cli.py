"""The command line. Each command imports what it runs when it runs, so that a light one stays light."""

import asyncio
import contextlib
import functools
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, cast
from uuid import UUID

import typer

from agents.plans import Language, Patience
from server import logging, settings
from server.plans_cli import plans_commands
from server.scores_cli import scores_commands
from server.settings import Settings, SettingsError

if TYPE_CHECKING:
    from server.embedded import EmbeddedServices
    from server.supervisor import Child

MISCONFIGURED = 78
"""Exit status for what a restart does not mend (EX_CONFIG): the supervisor gives up on it at once."""
STOP_WITHIN_S = 15
"""How long a serving process may take to end, beside the seconds for which it drains."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Viva holds interviews.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
migrate = typer.Typer(no_args_is_help=True, help="Bring the database's schema up to date, or back.")
app.add_typer(migrate, name="migrate")
interviews = typer.Typer(no_args_is_help=True, help="Verify, carry and remove interviews.")
app.add_typer(interviews, name="interviews")

Url = Annotated[str | None, typer.Option(help="Address of the server; VIVA_HOST and VIVA_PORT by default.")]
Workers = Annotated[int, typer.Option(min=1, max=64, help="How many processes serve behind the one port.")]


def main() -> None:
    """The entry point of `viva`."""
    app()


@app.command()
def run(workers: Workers = 1) -> None:
    """Serve everything from this machine: database, cache, server and worker, with nothing installed."""
    held = _settings()
    from server import supervisor
    from server.embedded import EmbeddedError
    from storage.errors import StorageError

    async def serve_all() -> None:
        stop = asyncio.Event()
        with supervisor.stop_on_signals(stop):
            supervisor.check_port(held.host, held.port)
            await supervisor.run(
                held.home,
                functools.partial(_prepare, held, workers),
                stop,
                postgres=held.database_url is None,
                valkey=held.redis_url is None,
            )

    _say(f"Viva starts; its data is in {held.home.absolute()}.")
    _run(serve_all(), supervisor.SupervisorError, EmbeddedError, StorageError)
    _say("Viva has stopped; everything is kept.")


async def _prepare(held: Settings, workers: int, services: "EmbeddedServices") -> "Sequence[Child]":
    """Brings the schema up to date and says how server and worker are started on these services."""
    from server.supervisor import Child
    from storage import migrations

    env: dict[str, str] = {}
    if held.database_url is None:
        postgres = services.postgres
        roles = ("viva_app", "viva_maintenance")
        applied = await migrations.up(postgres.admin_url, passwords={role: postgres.password(role) for role in roles})
        env["DATABASE_URL"] = postgres.url("viva_app")
        env["VIVA_MAINTENANCE_DATABASE_URL"] = postgres.url("viva_maintenance")
    elif held.owner_database_url is not None:
        applied = await migrations.up(held.owner_database_url, passwords=_passwords(held))
    else:
        applied = []
    if applied:
        _say(f"The database was brought up to date ({len(applied)} migrations).")
    if held.redis_url is None:
        env["REDIS_URL"] = services.valkey.url
    command = [sys.executable, "-m", "server"]
    # The serving parent gives its processes as long as they may take, and needs a moment itself.
    patience = held.drain_seconds + STOP_WITHIN_S + 5
    return [
        Child("server", [*command, "serve", "--workers", str(workers)], env, patience),
        Child("worker", [*command, "work"], env),
    ]


@app.command()
def serve(
    workers: Workers = 1,
    listener: Annotated[list[int] | None, typer.Option(hidden=True)] = None,
    tells: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Serve interviews, pages and the API; the database is DATABASE_URL's."""
    held = _settings()
    if workers > 1:
        _serve_by_many(held, workers)
        return
    from agents.library import LibraryError
    from server.services import ServicesError
    from server.serving import serve_until_stopped
    from server.supervisor import PortError, check_port
    from storage.errors import StorageError

    def served(sentence: str) -> None:
        if tells is None:
            _say(sentence)
        else:
            os.write(tells, b"1")
            os.close(tells)

    async def checked() -> None:
        if listener is None:
            check_port(held.host, held.port)
        sockets = [socket.socket(fileno=number) for number in listener or ()]
        await serve_until_stopped(held, served, listeners=sockets)

    with asyncio.Runner(loop_factory=_uvloop()) as runner:
        _told(lambda: runner.run(checked()), (ServicesError, LibraryError, PortError), (StorageError,))


def _serve_by_many(held: Settings, workers: int) -> None:
    from server.processes import ServingProcesses
    from server.supervisor import SupervisorError, bind

    async def serve_all() -> None:
        processes = ServingProcesses(
            [sys.executable, "-m", "server", "serve"],
            workers,
            bind(held.host, held.port),
            patience=held.drain_seconds + STOP_WITHIN_S,
        )
        stop, again = asyncio.Event(), asyncio.Event()

        def cut() -> None:
            processes.cut()
            stop.set()

        loop = asyncio.get_running_loop()
        for number, act in (
            (signal.SIGINT, stop.set),
            (signal.SIGTERM, stop.set),
            (signal.SIGHUP, again.set),
            (signal.SIGQUIT, cut),
        ):
            loop.add_signal_handler(number, act)
        await processes.run(stop, again, lambda: _say(f"Viva is ready: {held.address}, {workers} processes"))

    _told(lambda: asyncio.run(serve_all()), (SupervisorError,))


@app.command()
def work() -> None:
    """Run the queue's tasks: scores, reports, the sweep."""
    held = _settings()
    from server.services import ServicesError
    from server.tasks.working import work_until_stopped
    from storage.errors import StorageError

    with asyncio.Runner(loop_factory=_uvloop()) as runner:
        _told(lambda: runner.run(work_until_stopped(held)), (ServicesError,), (StorageError,))


@migrate.command("up")
def migrate_up() -> None:
    """Apply what is pending, make the roles, install the queue's schema."""
    held = _settings()
    from storage import migrations
    from storage.errors import StorageError

    applied: list[str] = []

    async def up() -> None:
        applied.extend(await migrations.up(_owner_url(held), passwords=_passwords(held)))

    _run(up(), StorageError)
    for name in applied:
        typer.echo(f"applied {name}")
    typer.echo("The database is up to date.")


@migrate.command("down")
def migrate_down(steps: Annotated[int, typer.Argument(min=1, help="How many to undo.")] = 1) -> None:
    """Undo the last migrations."""
    held = _settings()
    from storage import migrations
    from storage.errors import StorageError

    undone: list[str] = []

    async def down() -> None:
        undone.extend(await migrations.down(_owner_url(held), steps))

    _run(down(), StorageError)
    for name in undone:
        typer.echo(f"undone {name}")


@migrate.command("status")
def migrate_status() -> None:
    """Say what is applied, what is pending, and what is not as the migrations left it."""
    held = _settings()
    from storage import migrations
    from storage.errors import StorageError

    found: list[migrations.SchemaStatus] = []

    async def status() -> None:
        found.append(await migrations.status(_owner_url(held)))

    _run(status(), StorageError)
    for migration in found[0].migrations:
        typer.echo(f"{migration.state:<8} {migration.name}")
    for sentence in found[0].drift:
        typer.echo(f"drift    {sentence}")
    raise typer.Exit(0 if found[0].is_current else 1)


@app.command("settings")
def show_settings() -> None:
    """Print every setting with its value and where it comes from; secrets are masked."""
    from rich.console import Console
    from rich.table import Table

    held, sources = _loaded()
    table = Table("setting", "value", "from", "what it is for", box=None, pad_edge=False)
    for row in settings.describe(held, sources):
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 200).print(table)


@app.command("providers")
def show_providers(
    models: Annotated[bool, typer.Option("--models", help="Also list the models each key may use.")] = False,
    voices: Annotated[bool, typer.Option("--voices", help="Also list the voices.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
) -> None:
    """Ask every configured provider whether its key and model work; ends with 1 where one does not."""
    held = _settings()
    from rich.console import Console

    from agents.providers.checking import check
    from server import providers_command
    from server.accounts import accounts_of

    checks = asyncio.run(check(accounts_of(held)))
    if as_json:
        typer.echo(providers_command.as_json(checks))
    else:
        console = Console(width=None if sys.stdout.isatty() else 200)
        providers_command.show(checks, console, with_models=models, with_voices=voices)
    raise typer.Exit(providers_command.status(checks))


@interviews.command("verify")
def verify_interviews(
    ids: Annotated[list[UUID] | None, typer.Argument(help="Ids of interviews.", show_default=False)] = None,
    every: Annotated[bool, typer.Option("--all", help="Every interview of every tenant.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines.")] = False,
) -> None:
    """Fold logs into views again and print what is kept otherwise; ends with 1 where anything is."""
    if bool(ids) == every:
        raise typer.BadParameter("give the ids of interviews, or --all")
    held = _settings()
    from server import interviews_command

    raise typer.Exit(interviews_command.verify_interviews(held, None if every else ids, as_json=as_json))


@interviews.command("export")
def export_interview(
    interview_id: Annotated[UUID, typer.Argument(metavar="ID", help="An interview that has ended.")],
    output: Annotated[Path | None, typer.Option(help="The file to write; interview-ID.zip by default.")] = None,
) -> None:
    """Write one interview, all that is kept of it, into a zip."""
    held = _settings()
    from server import interviews_command

    typer.echo(interviews_command.export_to(held, interview_id, output))


@interviews.command("import")
def import_interview(
    file: Annotated[Path, typer.Argument(help="What `viva interviews export` wrote.")],
    tenant: Annotated[UUID | None, typer.Option(help="Whose it becomes; the local owner's by default.")] = None,
    user: Annotated[UUID | None, typer.Option(help="The member of that tenant whose interview it becomes.")] = None,
) -> None:
    """Keep the interview of a file here, whole or not at all."""
    if (tenant is None) != (user is None):
        raise typer.BadParameter("give --tenant and --user together, or neither")
    held = _settings()
    from server import interviews_command

    imported = interviews_command.import_from(held, file, tenant, user)
    done = "was imported" if imported.is_new else "is here already, the same"
    typer.echo(f"Interview {imported.interview_id} {done} ({imported.events} events).")


@interviews.command("purge")
def purge_interview(
    interview_id: Annotated[UUID, typer.Argument(metavar="ID", help="An interview that nobody is in.")],
    reason: Annotated[str, typer.Option(help="Why, in one line that names nobody; it is kept in the audit log.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove one interview for ever: its log, answers, scores, report and recordings."""
    if not 1 <= len(reason.strip()) <= 200 or "\n" in reason:
        raise typer.BadParameter("a reason is one line of at most 200 characters")
    if not yes:
        typer.confirm(f"Remove interview {interview_id} for ever?", abort=True)
    held = _settings()
    from server import interviews_command

    erasure = interviews_command.purge_for_ever(held, interview_id, reason.strip())
    removed = sum(erasure.counts.values())
    rest = "" if erasure.objects_removed_at else " Its files could not be reached; the worker removes them later."
    typer.echo(f"Interview {interview_id} is removed: {removed} rows.{rest}")


@app.command()
def practise(
    plan: Annotated[str | None, typer.Option(help="Which plan; asked for when not given.")] = None,
    language: Annotated[str | None, typer.Option(help="en or es.")] = None,
    resume: Annotated[UUID | None, typer.Option(help="Id of an interview to go on with.")] = None,
    patience: Annotated[str, typer.Option(help="short, normal or long.")] = "normal",
    minutes: Annotated[int | None, typer.Option(help="How long it should take.")] = None,
    url: Url = None,
) -> None:
    """Hold an interview in this terminal, over the same WebSocket as the browser."""
    from server.terminal.practise import practise as hold

    status = asyncio.run(
        hold(
            url or _own_url(),
            plan,
            cast("Language | None", _one_of("language", language, "en", "es")),
            resume=resume,
            patience=cast("Patience", _one_of("patience", patience, "short", "normal", "long")),
            minutes=minutes,
        )
    )
    raise typer.Exit(status)


@app.command()
def simulate(
    interviews: Annotated[int, typer.Option(min=1, help="How many to hold.")] = 50,
    concurrency: Annotated[int, typer.Option(min=1, help="How many at the same time.")] = 50,
    pace: Annotated[float, typer.Option(min=0, help="Seconds a candidate thinks before each message.")] = 0.0,
    seed: Annotated[int, typer.Option(help="The same seed, the same candidates.")] = 1,
    plan: Annotated[list[str] | None, typer.Option(help="Only this plan; may be given again.")] = None,
    url: Url = None,
) -> None:
    """Play scripted candidates against a server and print what came of it as JSON lines."""
    from server.terminal.simulation import simulate as play

    status = asyncio.run(
        play(url or _own_url(), interviews, concurrency=concurrency, pace_s=pace, seed=seed, plans=plan or ())
    )
    raise typer.Exit(status)


def _loaded() -> tuple[Settings, Mapping[str, str]]:
    dotenv = Path(".env")
    try:
        return settings.load(os.environ, dotenv if dotenv.exists() else None)
    except SettingsError as error:
        _fail(str(error), MISCONFIGURED)


def _settings() -> Settings:
    """The settings, with logging set up by them."""
    held, _sources = _loaded()
    logging.configure(held)
    for caution in settings.cautions(held, os.environ):
        _say(caution)
    return held


app.add_typer(plans_commands(_settings), name="plans")
app.add_typer(scores_commands(_settings), name="scores")


def _own_url() -> str:
    held, _sources = _loaded()
    return held.address


def _owner_url(held: Settings) -> str:
    if held.owner_database_url is None:
        _fail(
            "Migrations need an address that may create roles: set VIVA_OWNER_DATABASE_URL. "
            "`viva run` migrates its own database by itself.",
            MISCONFIGURED,
        )
    return held.owner_database_url


def _passwords(held: Settings) -> dict[str, str]:
    given = {"viva_app": held.app_password, "viva_maintenance": held.maintenance_password}
    return {role: password for role, password in given.items() if password is not None}


def _run(work: Coroutine[Any, Any, None], *errors: type[Exception]) -> None:
    """Runs a command; what is a sentence for the person is printed as one."""
    _told(lambda: asyncio.run(work), errors)


def _told(
    work: Callable[[], None], lasting: tuple[type[Exception], ...], passing: tuple[type[Exception], ...] = ()
) -> None:
    """`lasting` errors need a person's hand; after `passing` ones a restart may do."""
    try:
        work()
    except lasting as error:
        _fail(str(error), MISCONFIGURED)
    except passing as error:
        _fail(str(error), 1)


def _uvloop() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:  # Not made for Windows.
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def _one_of(option: str, value: str | None, *allowed: str) -> str | None:
    if value is not None and value not in allowed:
        raise typer.BadParameter(f"{option} must be one of {', '.join(allowed)}")
    return value


def _say(sentence: str) -> None:
    # Where the disk that takes our words is full, that is no reason not to serve.
    with contextlib.suppress(OSError):
        print(sentence, file=sys.stderr, flush=True)  # noqa: T201


def _fail(sentence: str, status: int) -> NoReturn:
    _say(sentence)
    raise typer.Exit(status)
