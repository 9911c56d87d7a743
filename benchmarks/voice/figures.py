"""What a run comes to: each figure beside the bar it is held to."""

from collections.abc import Iterator, Sequence
from itertools import chain

import msgspec

from benchmarks.exposition import histogram
from benchmarks.figure import Figure, at_most
from benchmarks.serving import APPEND
from benchmarks.voice.candidate import Account, Uttered
from benchmarks.voice.clips import Kind
from benchmarks.voice.keeping import Kept
from benchmarks.voice.settings import NONE, Setting
from benchmarks.voice.stage import Run, Used
from server.terminal.timing import percentile

TURN_P50_MS = 420.0
TURN_P95_MS = 480.0
CUT_OFFS_PERCENT = 10.0
BARGE_IN_P95_MS = 300.0
CPU_MS_A_SECOND = 25.0
MEMORY_MB = 2.0


class Measured(msgspec.Struct, frozen=True):
    """The utterances and interruptions within the window."""

    uttered: list[tuple[Uttered, Kept]]
    barge_ins_ms: list[float]
    drafts: list[str]


def figures(run: Run, kept: Sequence[Kept]) -> Iterator[Figure]:
    """Every figure of a run. `kept` is what the logs say, one for each interview."""
    setting = run.setting
    by_id = {one.interview_id: one for one in kept}
    measured = _measured(run, by_id)
    yield from _turns(setting, measured)
    yield from _cut_offs(setting, measured)
    barge_ins = measured.barge_ins_ms
    name = f"barge-in, first sound to silence ({len(barge_ins)} times); {setting.words}"
    yield at_most(f"{name}, p50", percentile(barge_ins, 0.50), "ms", None)
    yield at_most(f"{name}, p95", percentile(barge_ins, 0.95), "ms", BARGE_IN_P95_MS)
    hits = sum(draft == "hit" for draft in measured.drafts)
    yield at_most(
        f"drafts that were the reply ({len(measured.drafts)} turns); {setting.words}",
        _percent(hits, len(measured.drafts)),
        "%",
        None,
    )
    yield from _process(run)
    faults = [*chain.from_iterable(one.faults for one in kept), *_errors(run)]
    yield at_most(f"turns, events and reports lost or doubled; {setting.words}", float(len(faults)), "", 0.0)


def faults(run: Run, kept: Sequence[Kept]) -> list[str]:
    """What went wrong, in sentences."""
    return [*chain.from_iterable(one.faults for one in kept), *_errors(run)]


def remark(run: Run) -> str:
    """For the person, beside the figures: whether the load itself kept time, and where turns spent theirs."""
    lag = max((told.lag_p99_ms or 0.0 for told in run.told), default=0.0)
    late = sum(told.late_frames for told in run.told)
    times = [
        turn
        for told in run.told
        for account in told.accounts
        for at, turn in account.measured
        if turn.total_ms is not None and told.from_s <= at < told.to_s
    ]
    parts = []
    for field in ("endpointing_ms", "transcription_ms", "first_token_ms", "first_byte_ms", "total_ms"):
        values = [value for turn in times if (value := getattr(turn, field)) is not None]
        p50, p95 = percentile(values, 0.5), percentile(values, 0.95)
        if p50 is not None and p95 is not None:
            parts.append(f"{field.removesuffix('_ms')} {p50:.0f}/{p95:.0f}")
    appends = [
        quantile * 1000
        for before, after in run.metrics
        if (quantile := histogram(after, APPEND).since(histogram(before, APPEND)).quantile(0.95)) is not None
    ]
    return (
        f"{run.setting.name}: the machine was {run.busy:.0%} busy; "
        f"the load's own lag p99 {lag:.0f} ms, {late} frames sent late; "
        f"by the server's clock, p50/p95 ms: {', '.join(parts) or 'nothing'}; "
        f"event append p95 {max(appends, default=0.0):.0f} ms."
    )


def _measured(run: Run, by_id: dict[str, Kept]) -> Measured:
    uttered: list[tuple[Uttered, Kept]] = []
    barge_ins: list[float] = []
    drafts: list[str] = []
    for told in run.told:
        for account in told.accounts:
            kept = by_id[account.interview_id]
            within = [one for one in account.uttered if told.from_s <= one.ended_at < told.to_s]
            uttered += [(one, kept) for one in within]
            barge_ins += [one.ms for one in account.barge_ins if told.from_s <= one.at < told.to_s]
            drafts += [turn.draft for at, turn in account.measured if told.from_s <= at < told.to_s]
    return Measured(uttered, barge_ins, drafts)


def _turns(setting: Setting, measured: Measured) -> Iterator[Figure]:
    """Only utterances that became one turn: after a cut-off, the end that is answered is not the candidate's."""
    times = [
        one.answered_ms
        for one, kept in measured.uttered
        if one.answered_ms is not None and kept.turns_of(one.number) == 1
    ]
    name = f"spoken turn, last sound to first audio ({len(times)} turns); {setting.words}"
    has_bar = setting.delays == NONE and setting.is_forced
    yield at_most(f"{name}, p50", percentile(times, 0.50), "ms", TURN_P50_MS if has_bar else None)
    yield at_most(f"{name}, p95", percentile(times, 0.95), "ms", TURN_P95_MS if has_bar else None)


def _cut_offs(setting: Setting, measured: Measured) -> Iterator[Figure]:
    paused: tuple[Kind, ...] = ("between sentences", "within a sentence")
    for kind in paused:
        said = [(one, kept) for one, kept in measured.uttered if one.kind == kind]
        cut = sum(kept.turns_of(one.number) > 1 for one, kept in said)
        name = f"answered in a pause of 0.6–1.5 s {kind}, synthetic clips ({len(said)} times); {setting.words}"
        yield at_most(name, _percent(cut, len(said)), "%", None if setting.is_forced else CUT_OFFS_PERCENT)


def _process(run: Run) -> Iterator[Figure]:
    setting = run.setting
    spans = zip(run.begun, run.ended, strict=True)
    share = sum((later.cpu_s - earlier.cpu_s) / (later.at - earlier.at) for earlier, later in spans)
    yield at_most(
        f"CPU of the serving process for each interview; {setting.words}",
        share * 1000 / setting.interviews,
        "ms/s",
        CPU_MS_A_SECOND,
    )
    others = setting.interviews - run.few
    came, grew = _resident(run.begun) - _resident(run.first), _resident(run.ended) - _resident(run.begun)
    more = came / others + grew / setting.interviews if others > 0 else None
    yield at_most(
        f"memory for one more interview, {run.few} to {setting.interviews}, and its growth since; {setting.words}",
        None if more is None else more / 1_000_000,
        "MB",
        MEMORY_MB,
    )
    lags = [one.lag_p99_ms for one in run.sampled if one.lag_p99_ms is not None]
    yield at_most(f"lag of the serving loop, p99; {setting.words}", max(lags, default=None), "ms", None)


def _resident(used: Sequence[Used]) -> int:
    return sum(one.resident for one in used)


def _errors(run: Run) -> list[str]:
    return [
        f"{account.interview_id}: {error}"
        for told in run.told
        for account in told.accounts
        for error in (*account.errors, *_unfinished(account))
    ]


def _unfinished(account: Account) -> list[str]:
    if not account.is_ended:
        return ["did not end"]
    return [] if account.is_reported else ["ended without a report"]


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None
