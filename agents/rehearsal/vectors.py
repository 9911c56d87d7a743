"""Words and texts as vectors: how near two of them stand in what is written about them.

The vectors are a fixed table that was trained before and elsewhere (WordLlama, 256 dimensions, MIT licence): one for
each of 32,000 pieces of words. Nothing is fetched and nothing is learned here. They know English well, Spanish little.
"""

from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import distribution
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Vector = NDArray[np.float32]

_TABLE = "wordllama/weights/l2_supercat_256.safetensors"
_PIECES = "wordllama/tokenizers/l2_supercat_tokenizer_config.json"
_KEPT_WORDS = 20_000


class Vectors:
    """The table, and the vectors of the words that were asked for last."""

    def __init__(self, table: NDArray[np.float16], tokenizer: "Tokenizer") -> None:
        self._table = table
        self._tokenizer = tokenizer
        self._known: dict[str, Vector] = {}

    def of(self, word: str) -> Vector:
        """Of a word, as long as 1; of what has no pieces, nothing but zeros."""
        known = self._known.get(word)
        if known is None:
            if len(self._known) >= _KEPT_WORDS:
                self._known.clear()
            pieces = self._tokenizer.encode(word, add_special_tokens=False).ids
            rows = self._table[pieces].astype(np.float32)
            known = self._known[word] = _unit(rows.mean(axis=0) if len(rows) else np.zeros(self._width, np.float32))
        return known

    def mean(self, words: Iterable[tuple[str, float]]) -> Vector:
        """Of words with their weights together, as long as 1; zeros where there is none."""
        total = np.zeros(self._width, np.float32)
        for word, weight in words:
            total += weight * self.of(word)
        return _unit(total)

    @property
    def _width(self) -> int:
        return int(self._table.shape[1])


def nearness(one: Vector, other: Vector) -> float:
    """The cosine of two vectors of length 1, to four places: the last bits differ from processor to processor."""
    return round(float((one * other).sum()), 4)


@lru_cache(maxsize=1)
def vectors() -> Vectors:
    """The table of this process: 45 MB and a fifth of a second, so that only what scores should ask for it."""
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    # Its own code is never run: it would reach for the network.
    package = distribution("wordllama")
    (table,) = load_file(str(package.locate_file(_TABLE))).values()
    return Vectors(table, Tokenizer.from_file(str(package.locate_file(_PIECES))))


def _unit(vector: Vector) -> Vector:
    length = float(np.sqrt((vector * vector).sum()))
    return vector / np.float32(length) if length else vector
