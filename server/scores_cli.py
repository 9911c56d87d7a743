"""What `viva scores` takes on the command line. What it runs is imported when it runs."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

import typer

from server.settings import Settings

Ids = Annotated[list[UUID] | None, typer.Argument(help="Ids of interviews.", show_default=False)]
Runs = Annotated[list[UUID] | None, typer.Argument(metavar="RUN_A RUN_B", help="Two runs over one interview.")]
Every = Annotated[bool, typer.Option("--all", help="Every interview of every tenant.")]


def scores_commands(settings: Callable[[], Settings]) -> typer.Typer:
    """The commands of `viva scores`; `settings` loads them, with logging set up."""
    scores = typer.Typer(no_args_is_help=True, help="Audit scores, score once more, and see what moved.")

    @scores.command("audit")
    def audit_scores(ids: Ids = None, every: Every = False) -> None:
        """Hold scores against what they rest on; a JSON line for each fault, and 1 at the end where there is any."""
        if bool(ids) == every:
            raise typer.BadParameter("give the ids of interviews, or --all")
        held = settings()
        from server import scores_command

        raise typer.Exit(scores_command.audit(held, None if every else ids))

    @scores.command("rescore")
    def rescore(
        by: Annotated[str, typer.Option("--with", help="rehearsal or model.")],
        ids: Ids = None,
        every: Every = False,
        plan: Annotated[str | None, typer.Option(help="Every interview held by this plan.")] = None,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether the cost is wanted.")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines.")] = False,
    ) -> None:
        """Score interviews that are over once more, beside their scores as they are; by a model in batches."""
        if [bool(ids), every, plan is not None].count(True) != 1:
            raise typer.BadParameter("give the ids of interviews, --plan, or --all")
        if by not in ("rehearsal", "model"):
            raise typer.BadParameter("--with must be one of rehearsal, model")
        held = settings()
        from server import scores_command

        raise typer.Exit(
            scores_command.rescore(
                held, ids or None, plan, "model" if by == "model" else "rehearsal", ask=not yes, as_json=as_json
            )
        )

    @scores.command("compare")
    def compare_scores(
        runs: Runs = None,
        last: Annotated[bool, typer.Option("--last", help="The latest asking, against the live scores.")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines, one for every answer.")] = False,
    ) -> None:
        """Say what moved from one run of scores to another, and why as far as it can be told."""
        if (len(runs) != 2 or last) if runs else not last:
            raise typer.BadParameter("give two runs, or --last")
        held = settings()
        from server import scores_command

        if runs:
            raise typer.Exit(scores_command.compare_runs(held, runs[0], runs[1], as_json=as_json))
        raise typer.Exit(scores_command.compare_last(held, as_json=as_json))

    return scores
