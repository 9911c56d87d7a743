"""What moved between runs of scores, in lines: for a person, or a line of JSON for each answer."""

from collections.abc import Iterator

import msgspec

from agents.rescoring.comparing import Agreement, Comparison, CompetencyShift, Given, Move, OverallShift


class Summary(msgspec.Struct, frozen=True):
    """The last line."""

    answers: int
    moved: int
    agreement: Agreement
    competencies: tuple[CompetencyShift, ...]
    overall: OverallShift


def json_lines(comparison: Comparison) -> Iterator[str]:
    """Every answer, then the summary."""
    for move in comparison.moves:
        yield msgspec.json.encode(move).decode()
    yield msgspec.json.encode(
        Summary(
            len(comparison.moves),
            len(comparison.moved),
            comparison.agreement,
            comparison.competencies,
            comparison.overall,
        )
    ).decode()


def lines(comparison: Comparison) -> Iterator[str]:
    """Every answer that moved, with its quotes; then what it comes to."""
    for move in comparison.moved:
        yield from _of_move(move)
    yield from _of_all(comparison)


def _of_move(move: Move) -> Iterator[str]:
    yield (
        f"{move.interview_id}  {move.question_id}  {move.competency}  "
        f"{_level(move.before)} -> {_level(move.after)}  {', '.join(move.why)}"
    )
    if move.gained:
        yield f"    points gained: {', '.join(move.gained)}"
    if move.lost:
        yield f"    points lost: {', '.join(move.lost)}"
    for name, given in (("before", move.before), ("after", move.after)):
        for quote in given.evidence if given else ():
            yield f"    {name}: {quote.text!r}"


def _level(given: Given | None) -> str:
    if given is None:
        return "none"
    return str(given.level) if given.level is not None else f"null ({given.null_reason})"


def _of_all(comparison: Comparison) -> Iterator[str]:
    agreement, overall = comparison.agreement, comparison.overall
    yield f"Answers: {len(comparison.moves)}. Moved: {len(comparison.moved)}."
    yield (
        f"Levels in both: {agreement.pairs}. The same: {_share(agreement.exact)}. Within one level: "
        f"{_share(agreement.within_one)}. Quadratic weighted kappa: {_figure(agreement.kappa)}."
    )
    yield (
        f"Without a level in both: {agreement.both_null}, now: {agreement.to_null}, before: {agreement.from_null}. "
        f"Scored by one run alone: {agreement.unscored}."
    )
    for each in comparison.competencies:
        levels = f"{each.before:.2f} -> {each.after:.2f}"
        yield f"{each.competency}: {levels} ({each.shift:+.2f} levels, {each.answers} answers)"
    if overall.shift is not None:
        interval = ""
        if overall.low is not None and overall.high is not None:
            interval = f", 90 % interval {overall.low:+.1f} to {overall.high:+.1f} over {overall.over}"
        yield f"Overall: {overall.before:.1f} -> {overall.after:.1f} ({overall.shift:+.1f}{interval})."


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
