"""One provider's try at speaking: what came, what may be let out, and how far in the words it has got. Pure.

Where the provider tells when each word sounds, audio is let out word by word: when it breaks, the next one goes on
behind the last whole word, and the listener hears every word once.
"""

from livekit.agents.types import TimedString

from agents.providers.script import Script

RATE = 16_000
_FRAME = RATE // 10 * 2
_SHORTEST = RATE // 50 * 2
"""Bytes of the longest and the shortest frame: 100 and 20 ms."""
_PATIENCE = 0.6
"""Seconds of audio that are held back at most where no word's end is known."""
_PACE = 15.0
"""Characters a second, where a provider does not tell when its words sound."""

Piece = tuple[bytes, list[TimedString]]


class Attempt:
    """Begins at `start` in the script. `offset` is how much audio of the reply was let out before; seconds."""

    def __init__(self, script: Script, start: int, offset: float, *, is_aligned: bool) -> None:
        self._script = script
        self._start = start
        self._offset = offset
        self._is_aligned = is_aligned
        self._is_exact = True
        self._held = bytearray()
        self._cursor = start
        self._known: list[tuple[float, int]] = []
        self._waiting: list[TimedString] = []
        self.pushed = start
        """Up to where the provider was given the script."""
        self.is_closed = False
        """Nothing more will be given to it."""
        self.has_sounded = False
        self.released = 0.0
        """Seconds of this attempt that were let out."""

    def push(self, end: int) -> str:
        """The next words for the provider, up to `end`."""
        words = self._script.text[self.pushed : end].strip()
        if not self._is_aligned:
            self._estimate(end)
        self.pushed = end
        return words

    def add(self, pcm: bytes, words: list[TimedString]) -> None:
        """Audio that came, and the words whose times came with it."""
        self.has_sounded = self.has_sounded or bool(pcm)
        self._held += pcm
        for word in words:
            self._place(word)

    @property
    def is_owed(self) -> bool:
        """Whether the provider still has to send something: the end of a sentence's last word cannot be seen."""
        if self.pushed == self._start:
            return False
        return not self.has_sounded or not self._is_aligned or self.is_closed or self._words_left > 1

    @property
    def is_cut(self) -> bool:
        """Whether what came ends before the words do, for a stream that ended as if it were whole."""
        return self._is_aligned and self._is_exact and bool(self._known) and self._words_left > 1

    @property
    def has_held(self) -> bool:
        return bool(self._held)

    def let_out(self, *, is_dry: bool) -> list[Piece]:
        """Frames that may be heard now. `is_dry`: the listener has nothing left to hear."""
        limit = len(self._held)
        if self._is_aligned and not self._may_all_go(is_dry=is_dry):
            there = self.released + limit / 2 / RATE + 0.001
            known = next((end for end, _ in reversed(self._known) if end <= there), 0.0)
            limit = min(limit, max(0, round((known - self.released) * RATE)) * 2)
        return self._cut(limit, shortest=_SHORTEST)

    def finish(self) -> list[Piece]:
        """The rest of an attempt that came to its end."""
        pieces = self._cut(len(self._held), shortest=2)
        rest = self._script.text[self._cursor : self.pushed]
        self._cursor = self.pushed
        words = [*self._waiting, *([self._timed(rest, self.released, self.released)] if rest else [])]
        self._waiting = []
        if words and pieces:
            pieces[-1][1].extend(words)
        elif words:
            pieces.append((bytes(_SHORTEST), words))
            self.released += _SHORTEST / 2 / RATE
        return pieces

    @property
    def spoken(self) -> int:
        """Up to where in the script every word was let out whole."""
        is_last_word_out = self._known and not self._held and self.released > self._known[-1][0] + 0.001
        if self._is_aligned and is_last_word_out and self._words_left <= 1:
            return self.pushed
        position = self._start
        for end, cursor in self._known if self._is_aligned else ():
            if end <= self.released + 0.005:
                position = cursor
        return position

    @property
    def _words_left(self) -> int:
        return len(self._script.text[self._cursor : self.pushed].split())

    def _may_all_go(self, *, is_dry: bool) -> bool:
        """Whether audio behind the last known word may go: it is the sentence's last word, or no word will be known."""
        if not self._known and len(self._held) / 2 / RATE > _PATIENCE:
            return True
        return is_dry and self._words_left <= 1

    def _place(self, word: TimedString) -> None:
        text = word.strip()
        if not text or not isinstance(word.end_time, float | int):
            return
        end = self._script.find(text, self._cursor, self.pushed)
        if end is None:
            # The provider may say "2020" in other words: the next one that is the same finds the place again. A part
            # of the word that is due tells that the rest was cut off.
            is_part = self._script.text.startswith(text, self._cursor)
            self._is_exact = self._is_exact and is_part
            return
        begins = word.start_time if isinstance(word.start_time, float | int) else 0.0
        self._waiting.append(self._timed(self._script.text[self._cursor : end], begins, word.end_time))
        self._known.append((word.end_time, end))
        self._cursor = end

    def _estimate(self, end: int) -> None:
        """Times for the words of a provider that tells none, at a usual pace."""
        begins = self.released + len(self._held) / 2 / RATE
        text = self._script.text[self.pushed : end]
        self._waiting.append(self._timed(text, begins, begins + len(text) / _PACE))
        self._cursor = end

    def _timed(self, text: str, begins: float, ends: float) -> TimedString:
        return TimedString(text, start_time=self._offset + begins, end_time=self._offset + ends)

    def _cut(self, limit: int, *, shortest: int) -> list[Piece]:
        pieces: list[Piece] = []
        taken = 0
        while limit - taken >= shortest:
            size = min(_FRAME, limit - taken) // 2 * 2
            # A rest too short for a frame of its own goes with this one.
            if 0 < limit - taken - size < shortest:
                size = (limit - taken) // 2 * 2
            self.released += size / 2 / RATE
            pieces.append((bytes(self._held[taken : taken + size]), self._words_out()))
            taken += size
        del self._held[:taken]
        return pieces

    def _words_out(self) -> list[TimedString]:
        """The words that end within what has been let out; of estimated ones, those that have begun."""
        out: list[TimedString] = []
        while self._waiting:
            word = self._waiting[0]
            time = word.end_time if self._is_aligned else word.start_time
            if not isinstance(time, float | int) or time > self._offset + self.released + 0.005:
                break
            out.append(self._waiting.pop(0))
        return out
