"""What `viva plans` does: check files, write plans out, take them in, compare versions."""

import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import NoReturn, TypeVar
from uuid import UUID

import msgspec
import typer

from agents.library.document import MAX_BYTES
from agents.library.keeping import records_of
from agents.plans import Language, Plan, Rubric
from agents.workshop import Change, DocumentError, Finding, check, difference, document_of, line_of, read_document
from agents.workshop.laws import JURISDICTIONS
from server.interviews_command import run_on
from server.settings import Settings
from storage import identity, plans
from storage.database import Connection, Database
from storage.errors import NotFound

Result = TypeVar("Result")


def check_file(path: Path, jurisdictions: Iterable[str], language: Language, *, as_json: bool) -> int:
    """Print what is found in a file, worst first. Returns 1 where there is an error in it."""
    text = _text(path)
    plan, rubric = _read(path, text)
    findings = check(plan, rubric, _known(jurisdictions))
    for finding in findings:
        line = msgspec.json.encode(finding).decode() if as_json else _line(path, text, finding, language)
        typer.echo(line)
    errors = sum(finding.severity == "error" for finding in findings)
    if not as_json:
        typer.echo(f"{path}: {len(findings)} findings, {errors} of them errors." if findings else f"{path}: nothing.")
    return 1 if errors else 0


def export_to(held: Settings, slug: str, number: int | None, output: Path | None) -> str:
    """The plan as a document: written to a file, whose name is returned; or the document itself, without one."""

    async def run(connection: Connection, _user: UUID) -> plans.PlanVersion:
        return await _version(connection, slug, number)

    document = document_of(*_both(_in_own_tenant(held, run)))
    if output is None:
        return document.removesuffix("\n")
    try:
        output.write_text(document, "utf-8")
    except OSError as wrong:
        _fail(f"The file {output} cannot be written ({wrong.strerror}). Name another with --output.")
    return str(output)


def import_from(held: Settings, path: Path, language: Language) -> str:
    """Keep the plan of a file as the local owner's own, current from now on. Returns a sentence that says so."""
    text = _text(path)
    plan, rubric = _read(path, text)
    errors = [finding for finding in check(plan, rubric) if finding.severity == "error"]
    if errors:
        for finding in errors:
            typer.echo(_line(path, text, finding, language), err=True)
        _fail(f"{path} has {len(errors)} errors; nothing was imported. Mend them, then import it again.")

    async def run(connection: Connection, user_id: UUID) -> tuple[plans.PlanVersion, bool]:
        try:
            base: int | None = (await plans.plan_by_slug(connection, plan.slug)).number
        except NotFound:
            base = None
        records = records_of(plan, rubric, "workshop")
        return await plans.save_version(connection, *records, base=base, created_by=user_id)

    saved, is_new = _in_own_tenant(held, run)
    done = "is now" if is_new else "had this text before, and is again"
    return f"The plan {saved.slug} {done} version {saved.number}."


def show_difference(held: Settings, slug: str, before: int, after: int, *, as_json: bool) -> int:
    """Print what changed from one version to another, a line each. Returns how much that is."""

    async def run(connection: Connection, _user: UUID) -> tuple[plans.PlanVersion, plans.PlanVersion]:
        return await _version(connection, slug, before), await _version(connection, slug, after)

    one, other = _in_own_tenant(held, run)
    changes = difference(_both(one), _both(other))
    for change in changes:
        typer.echo(msgspec.json.encode(change).decode() if as_json else _told(change))
    return len(changes)


async def _version(connection: Connection, slug: str, number: int | None) -> plans.PlanVersion:
    if number is None:
        return await plans.plan_by_slug(connection, slug)
    return await plans.version_by_number(connection, slug, number)


def _both(version: plans.PlanVersion) -> tuple[Plan, Rubric]:
    return msgspec.convert(version.body, Plan), msgspec.convert(version.rubric_body, Rubric)


def _in_own_tenant(held: Settings, work: Callable[[Connection, UUID], Awaitable[Result]]) -> Result:
    """Runs with a transaction of the local owner's tenant, and the owner's id."""

    async def run(database: Database) -> Result:
        owner = await identity.ensure_local_owner(database)
        async with database.tenant(owner.tenant_id) as connection:
            return await work(connection, owner.user_id)

    return run_on(held, run)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as wrong:
        _fail(f"The file {path} cannot be read ({wrong.strerror}). Name one that is there.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        _fail(f"The file {path} is not UTF-8 text. Save it as UTF-8.")


def _read(path: Path, text: str) -> tuple[Plan, Rubric]:
    try:
        return read_document(text)
    except DocumentError as error:
        _fail(f"{path}: {error}")


def _known(jurisdictions: Iterable[str]) -> tuple[str, ...]:
    named = tuple(jurisdictions)
    for name in named:
        if name not in JURISDICTIONS:
            _fail(f"No rules are known for {name}. Known are: {', '.join(JURISDICTIONS)}.")
    return named


def _line(path: Path, text: str, finding: Finding, language: Language) -> str:
    line = line_of(text, finding.path)
    place = f"{path}:{line}" if line else str(path)
    quoted = f" “{_printable(finding.excerpt)}”" if finding.excerpt else ""
    laws = f" [{'; '.join(finding.references)}]" if finding.references else ""
    message = finding.message.get(language, finding.message["en"])
    return f"{place}: {finding.severity} {finding.rule} ({finding.path}){quoted}: {_printable(message)}{laws}"


def _told(change: Change) -> str:
    before, after = _printable(change.before), _printable(change.after)
    match change.kind:
        case "added":
            return f"added    {change.path}: {after}"
        case "removed":
            return f"removed  {change.path}: {before}"
        case "moved":
            return f"moved    {change.path}: from {before} to {after}"
        case _:
            return f"changed  {change.path}: {before} → {after}"


def _printable(words: str) -> str:
    """Without what a terminal would obey: files come from outside."""
    return "".join(c if c.isprintable() else "�" for c in words)


def _fail(sentence: str) -> NoReturn:
    print(_printable(sentence), file=sys.stderr, flush=True)  # noqa: T201
    raise typer.Exit(1)
