"""A measured figure and the bar it is held to."""

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """One line of a benchmark. `value` may be up to `bar`; None for either where there is none."""

    figure: str
    value: float | None
    unit: str
    bar: float | None
    holds: bool | None

    @property
    def line(self) -> str:
        """The figure as one JSON object."""
        return msgspec.json.encode(self).decode()


def at_most(figure: str, value: float | None, unit: str, bar: float | None) -> Figure:
    """A figure that holds where it is not above its bar; what could not be measured does not hold."""
    shown = None if value is None else round(value, 2)
    holds = None if bar is None else value is not None and value <= bar
    return Figure(figure, shown, unit, bar, holds)
