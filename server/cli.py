"""The command line. Each command imports what it runs when it runs, so that a light one stays light."""

import asyncio
import functools
import os
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, cast
from uuid import UUID

import typer

from agents.plans import Language, Patience
from server import logging, settings
from server.settings import Settings, SettingsError

if TYPE_CHECKING:
    from server.embedded import EmbeddedServices
    from server.supervisor import Child

MISCONFIGURED = 78
"""Exit status for what a restart does not mend (EX_CONFIG): the supervisor gives up on it at once."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Viva holds interviews.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
migrate = typer.Typer(no_args_is_help=True, help="Bring the database's schema up to date, or back.")
app.add_typer(migrate, name="migrate")

Url = Annotated[str | None, typer.Option(help="Address of the server; VIVA_HOST and VIVA_PORT by default.")]


def main() -> None:
    """The entry point of `viva`."""
    app()


@app.command()
def run() -> None:
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
                functools.partial(_prepare, held),
                stop,
                postgres=held.database_url is None,
                valkey=held.redis_url is None,
            )

    _say(f"Viva starts; its data is in {held.home.absolute()}.")
    _run(serve_all(), supervisor.SupervisorError, EmbeddedError, StorageError)
    _say("Viva has stopped; everything is kept.")


async def _prepare(held: Settings, services: "EmbeddedServices") -> "Sequence[Child]":
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
    return [Child("server", [*command, "serve"], env), Child("worker", [*command, "work"], env)]


@app.command()
def serve() -> None:
    """Serve interviews, pages and the API; the database is DATABASE_URL's."""
    held = _settings()
    from agents.library import LibraryError
    from server.services import ServicesError
    from server.serving import serve_until_stopped
    from server.supervisor import PortError, check_port
    from storage.errors import StorageError

    async def checked() -> None:
        check_port(held.host, held.port)
        await serve_until_stopped(held, ready=_say)

    with asyncio.Runner(loop_factory=_uvloop()) as runner:
        _told(lambda: runner.run(checked()), (ServicesError, LibraryError, PortError), (StorageError,))


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


def _own_url() -> str:
    held, _sources = _loaded()
    return held.public_url or f"http://{held.host}:{held.port}"


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
    print(sentence, file=sys.stderr, flush=True)  # noqa: T201


def _fail(sentence: str, status: int) -> NoReturn:
    _say(sentence)
    raise typer.Exit(status)
