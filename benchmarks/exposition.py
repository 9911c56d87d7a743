"""What a server says of itself at `/metrics`."""

import math
from collections.abc import Mapping

import msgspec
from prometheus_client.parser import text_string_to_metric_families


class Histogram(msgspec.Struct, frozen=True):
    """Counts of observations up to each bound, as Prometheus keeps them: cumulative, the last bound infinite."""

    counts: Mapping[float, float]

    @property
    def total(self) -> float:
        return self.counts.get(math.inf, 0.0)

    def since(self, earlier: "Histogram") -> "Histogram":
        """What was observed after an earlier reading."""
        return Histogram({bound: count - earlier.counts.get(bound, 0.0) for bound, count in self.counts.items()})

    def quantile(self, share: float) -> float | None:
        """The value that `share` (0–1) of the observations do not exceed, taken as evenly spread within a bucket,
        as Prometheus' `histogram_quantile` does. None without observations, infinite beyond the last bound.
        """
        if self.total <= 0:
            return None
        rank = share * self.total
        below_bound, below = 0.0, 0.0
        for bound, count in sorted(self.counts.items()):
            if count >= rank:
                if math.isinf(bound):
                    return math.inf
                return below_bound + (bound - below_bound) * (rank - below) / (count - below)
            below_bound, below = bound, count
        return math.inf


def histogram(text: str, name: str) -> Histogram:
    """The histogram of that name, its labels added up; empty where it is not there."""
    counts: dict[float, float] = {}
    for sample in samples(text, f"{name}_bucket"):
        bound = float(sample.labels["le"])
        counts[bound] = counts.get(bound, 0.0) + sample.value
    return Histogram(counts)


def gauge(text: str, name: str) -> float | None:
    """The value of that name; None where it is not there."""
    return next((sample.value for sample in samples(text, name)), None)


class Sample(msgspec.Struct, frozen=True):
    labels: dict[str, str]
    value: float


def samples(text: str, name: str) -> list[Sample]:
    """Every sample of that name in Prometheus' text format."""
    return [
        Sample(dict(sample.labels), sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    ]
