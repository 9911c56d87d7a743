"""What is measured: how many spoken interviews, with providers how quick, and when a pause ends a turn."""

import msgspec

FORCED = 0.12
"""The likelihood, 0–1, above which a pause ends a turn where that is forced: synthetic voices score low."""


class Delays(msgspec.Struct, frozen=True):
    """What the outside services take, s."""

    final: float = 0.0
    """From the end of a stretch of speech, when the recogniser knows of it, to its last words."""
    first_token: float = 0.0
    first_byte: float = 0.0


NONE = Delays()
REALISTIC = Delays(0.150, 0.400, 0.150)


class Setting(msgspec.Struct, frozen=True):
    """One run. `interviews` are spread over the serving `processes`."""

    name: str
    interviews: int
    processes: int
    delays: Delays
    is_forced: bool

    @property
    def words(self) -> str:
        """The setting as it stands in a figure's name."""
        cost = "providers at zero cost" if self.delays == NONE else "realistic providers (150 / 400 / 150 ms)"
        turn = "end of turn forced" if self.is_forced else "product thresholds"
        where = "one process" if self.processes == 1 else f"{self.processes} processes"
        return f"{self.interviews} spoken interviews in {where}, {cost}, {turn}"


def settings(interviews: int) -> tuple[Setting, ...]:
    """Every run, with so many interviews a process."""
    return (
        Setting("zero-forced", interviews, 1, NONE, is_forced=True),
        Setting("zero-product", interviews, 1, NONE, is_forced=False),
        Setting("realistic-forced", interviews, 1, REALISTIC, is_forced=True),
        Setting("realistic-product", interviews, 1, REALISTIC, is_forced=False),
        Setting("two-processes", interviews * 2, 2, NONE, is_forced=True),
    )
