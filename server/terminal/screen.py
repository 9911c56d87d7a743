"""What a person practising in a terminal sees."""

import re

from rich.console import Console

from agents.plans import Language
from server.live.protocol import Fact, StateView
from server.terminal.texts import text

LEVELS = "▁▂▄▆█"
_TOKENS = re.compile(r"\s*\S+|\s+")


class Screen:
    """Prints on a rich console, in the interview's language. Texts of people are never read as markup."""

    def __init__(self, console: Console, language: Language = "en") -> None:
        self.language: Language = language
        self._console = console
        self._numbers: dict[str, int] = {}
        self._is_in_words = False
        self._is_at_prompt = False
        self._column = 0

    def line(self, name: str, /, *, style: str = "dim", whole: bool = False, **values: object) -> None:
        """One of the terminal's own texts, on a line of its own; a `whole` one is never broken, to be copied."""
        self.plain(text(self.language, name, **values), style=style, whole=whole)

    def plain(self, words: str, *, style: str = "", whole: bool = False) -> None:
        self._close_words()
        self._console.print(words, style=style, markup=False, highlight=False, soft_wrap=whole)

    def typed(self, line: str, *, is_echoed: bool) -> None:
        """What the person typed; a terminal has echoed it already, a pipe has not."""
        if self._is_at_prompt and not is_echoed:
            self._console.print(line, markup=False, highlight=False)
        self._is_at_prompt = False

    def words(self, words: str) -> None:
        """The interviewer's next words, as they come."""
        if not self._is_in_words:
            self._close_words()
            self._console.print()
            self._is_in_words = True
            self._column = 0
        for token in _TOKENS.findall(words):
            # Broken between words here: what is printed bit by bit no console can wrap.
            is_over = self._column + len(token) > self._console.width
            if is_over:
                self._console.print()
                self._column = 0
            shown = token.lstrip() if is_over else token
            self._console.print(shown, style="bold", end="", markup=False, highlight=False, soft_wrap=True)
            self._column += len(shown)

    def state(self, state: StateView) -> None:
        """Takes note of where the interview is; prints nothing."""
        self.language = state.language
        if state.question is not None:
            self._numbers[state.question.id] = state.question.number

    def prompt(self, state: StateView) -> None:
        """Where we are, and that it is the candidate's turn."""
        if state.paused:
            self.line("paused")
        self._close_words()
        self._console.print(f"[{self._place(state)}]", style="dim", markup=False, highlight=False)
        self._console.print("> ", end="", style="bold", markup=False, highlight=False)
        self._is_at_prompt = True

    def said_before(self, fact: Fact) -> None:
        """A line of the transcript of an interview that is taken up again."""
        match fact.event:
            case {"type": "reply.heard", "text": str(words)} if words:
                self.plain(words, style="dim bold")
            case {"type": "turn.closed", "text": str(words)} if words:
                self.plain(f"> {words}", style="dim")
            case _:
                pass

    def score(self, fact: Fact) -> None:
        """The level just given, where `fact` is a score."""
        question_id = str(fact.event.get("question_id"))
        number = self._numbers.get(question_id)
        name = text(self.language, "question", number=number) if number else question_id
        level = fact.event.get("level")
        if isinstance(level, int):
            words = text(self.language, "level", question=name, level=level, anchor=fact.event.get("anchor") or "")
            self.plain(f"{LEVELS[:level]} {words}", style="cyan")
        else:
            reason = str(fact.event.get("null_reason") or "too_little")
            self.line("null", style="cyan", question=name, reason=text(self.language, reason))

    def _place(self, state: StateView) -> str:
        minutes = max(0, round(state.left_ms / 60_000))
        if state.left_ms < 0:
            return text(self.language, "over_time")
        if state.question is None:
            return text(self.language, "time", minutes=minutes)
        number = state.question.number
        return text(self.language, "place", number=number, of=state.of, minutes=minutes)

    def _close_words(self) -> None:
        """Begin a new line where the last one is not ended."""
        if self._is_in_words or self._is_at_prompt:
            self._console.print()
        self._is_in_words = self._is_at_prompt = False
