"""How long a call of a model may take, by who waits for it."""

import msgspec

from agents.calls import Priority


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long a call may take; seconds."""

    first_words: float
    """One try, until its first words."""
    before_words: float
    """All tries and the waits between them, until the first words."""
    stall: float
    """Between words."""
    whole: float
    """A whole answer, from its first words."""
    admission: float
    """For leave to ask, where a model's allowance is used up."""
    longest_pause: float
    """Between tries; a provider that asks for more is left for the next."""
    tries: int
    """With one account."""


PATIENCE: dict[Priority, Patience] = {
    "live": Patience(
        first_words=1.8, before_words=3.5, stall=1.8, whole=15.0, admission=1.0, longest_pause=2.0, tries=2
    ),
    "soon": Patience(
        first_words=30.0, before_words=60.0, stall=10.0, whole=30.0, admission=30.0, longest_pause=10.0, tries=3
    ),
    "later": Patience(
        first_words=120.0, before_words=300.0, stall=30.0, whole=120.0, admission=120.0, longest_pause=60.0, tries=4
    ),
}
