"""The commands of `viva plans`. Each imports what it runs when it runs, so that a light one stays light."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from agents.plans import Language
from server.settings import Settings

Slug = Annotated[str, typer.Argument(help="The plan's name, such as behavioural.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON lines.")]
InLanguage = Annotated[str, typer.Option("--language", help="Of what is printed: en or es.")]
Number = Annotated[int, typer.Argument(min=1, help="Number of a version.")]


def plans_commands(settings: Callable[[], Settings]) -> typer.Typer:
    """The commands; `settings` gives what they run with."""
    plans = typer.Typer(no_args_is_help=True, help="Check, carry and compare plans with their rubrics.")

    @plans.command("check")
    def check_file(
        file: Annotated[Path, typer.Argument(help="A plan with its rubric, as YAML.")],
        where: Annotated[
            list[str] | None,
            typer.Option("--where", help="Whose laws to hold it against: EU, ES, UK, US, US-CA, US-NY, MX, AR; all."),
        ] = None,
        language: InLanguage = "en",
        as_json: Json = False,
    ) -> None:
        """Say what should be mended in a file; ends with 1 where there is an error in it."""
        from server import plans_command

        spoken = _language(language)
        raise typer.Exit(plans_command.check_file(file, where or (), spoken, as_json=as_json))

    @plans.command("export")
    def export_plan(
        slug: Slug,
        version: Annotated[int | None, typer.Option(min=1, help="Which version; the current one by default.")] = None,
        output: Annotated[Path | None, typer.Option(help="The file to write; printed by default.")] = None,
    ) -> None:
        """Write a plan with its rubric out, as YAML."""
        from server import plans_command

        typer.echo(plans_command.export_to(settings(), slug, version, output))

    @plans.command("import")
    def import_plan(
        file: Annotated[Path, typer.Argument(help="A plan with its rubric, as YAML.")], language: InLanguage = "en"
    ) -> None:
        """Check a file and save it as a plan of one's own: a new version, current from now on."""
        from server import plans_command

        typer.echo(plans_command.import_from(settings(), file, _language(language)))

    @plans.command("diff")
    def show_difference(slug: Slug, before: Number, after: Number, as_json: Json = False) -> None:
        """Print what changed from one version of a plan to another."""
        from server import plans_command

        plans_command.show_difference(settings(), slug, before, after, as_json=as_json)

    return plans


def _language(name: str) -> Language:
    if name == "en":
        return "en"
    if name == "es":
        return "es"
    raise typer.BadParameter("language must be one of en, es")
