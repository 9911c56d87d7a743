"""What a model's provider counts: tokens from the text's length, and the prefixes of prompts that it remembers."""

import hashlib
import time
from collections.abc import Callable, Sequence

import msgspec

CHARACTERS_A_TOKEN = 4
LOOKS_BACK = 20
"""How many blocks before a mark are looked at for a prefix that was written earlier."""


def tokens(text: str) -> int:
    """Four characters are a token, begun ones counted; an empty text has none."""
    return -(-len(text) // CHARACTERS_A_TOKEN)


class Block(msgspec.Struct, frozen=True):
    """A part of a prompt, in the order in which the model reads it."""

    content: str
    """Everything that makes it what it is: a changed character here makes another prefix."""
    tokens: int
    is_marked: bool = False
    """The prefix up to its end may be remembered."""
    ttl_s: float = 300.0


class Account(msgspec.Struct, frozen=True):
    """A prompt's tokens, each counted once."""

    fresh: int
    created: int
    read: int

    @property
    def whole(self) -> int:
        return self.fresh + self.created + self.read


class Prefixes:
    """Remembers marked prefixes until they go unread for their time. `least` tokens make one worth remembering."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def account(self, scope: str, blocks: Sequence[Block], least: int) -> Account:
        """Counts the prompt and remembers its marked prefixes. `scope` keeps models and keys apart."""
        names, sums = _prefixes(scope, blocks)
        marked = [at for at, block in enumerate(blocks) if block.is_marked and sums[at] >= least]
        whole = sums[-1] if sums else 0
        if not marked:
            return Account(fresh=whole, created=0, read=0)
        now = self._clock()
        looked_at = {back for at in marked for back in range(max(0, at - LOOKS_BACK), at + 1)}
        known = [at for at in looked_at if self._until.get(names[at], now) > now]
        read = sums[max(known)] if known else 0
        for at in marked:
            self._until[names[at]] = now + blocks[at].ttl_s
        upto = max(sums[marked[-1]], read)
        return Account(fresh=whole - upto, created=upto - read, read=read)


def _prefixes(scope: str, blocks: Sequence[Block]) -> tuple[list[str], list[int]]:
    digest = hashlib.sha256(scope.encode())
    names: list[str] = []
    sums: list[int] = []
    for block in blocks:
        digest.update(b"\0" + block.content.encode())
        names.append(digest.hexdigest())
        sums.append(block.tokens + (sums[-1] if sums else 0))
    return names, sums
