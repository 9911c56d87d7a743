"""Hearing and voices for every interview of a process: shared breakers, one session, phrases made ahead."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from livekit import rtc

from agents.plans import Language
from agents.providers.accounts import Accounts
from agents.providers.attempt import RATE
from agents.providers.breaker import Breaker, Breakers, State, Tolerance
from agents.providers.errands import Errands
from agents.providers.hearing import Hearing
from agents.providers.line import Ear
from agents.providers.mouth import Mouth
from agents.providers.phrasebook import Phrasebook, Shelf
from agents.providers.plugins import Plugins
from agents.providers.voice import Voice
from agents.providers.watching import Limits, Watch

_FRAME = RATE // 20 * 2


class Speech:
    """One a process. `monotonic` gives seconds; `phrases` are the fixed texts to be made ahead in each language."""

    def __init__(
        self,
        accounts: Accounts,
        *,
        monotonic: Callable[[], float],
        limits: Limits | None = None,
        tolerance: Tolerance | None = None,
        phrases: Mapping[Language, Sequence[str]] | None = None,
        shelf: Shelf | None = None,
    ) -> None:
        self._accounts = accounts
        self._monotonic = monotonic
        self._limits = limits or Limits()
        self._plugins = Plugins()
        self._errands = Errands()
        self._breakers = Breakers(monotonic, tolerance)
        self._phrasebook = Phrasebook(accounts.voices, phrases or {}, shelf)
        self._filling: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """The shared session; the phrases are made beside, and no start waits for them."""
        self._plugins.open()
        self._filling = asyncio.create_task(self._phrasebook.fill())

    async def close(self) -> None:
        """Ends every connection that is left."""
        if self._filling is not None:
            self._filling.cancel()
            await asyncio.gather(self._filling, return_exceptions=True)
        await self._errands.close()
        await self._plugins.close()

    @property
    def breakers(self) -> dict[str, State]:
        """How every account used so far stands, by `service/place/provider/model`."""
        return self._breakers.states

    def hearing(self, language: Language, watch: Watch, *, keyterms: Sequence[str] = ()) -> Hearing:
        """Ears for one voice session. `keyterms` are names and terms to be recognised rather than guessed."""
        ears = [
            Ear(
                account,
                language,
                place=place,
                breaker=self._breaker_of("stt", place),
                plugins=self._plugins,
                keyterms=keyterms,
                limits=self._limits,
            )
            for place, account in enumerate(self._accounts.hearing)
        ]
        return Hearing(ears, watch, limits=self._limits, monotonic=self._monotonic, errands=self._errands)

    def voice(self, language: Language, watch: Watch) -> Voice:
        """A mouth for one voice session, connecting already. Providers without a voice in the language are left out."""
        mouths = [
            Mouth(
                account,
                language,
                place=place,
                breaker=self._breaker_of("tts", place),
                plugins=self._plugins,
                limits=self._limits,
                errands=self._errands,
            )
            for place, account in enumerate(self._accounts.voices)
            if account.voices.get(language)
        ]
        voice = Voice(
            mouths,
            watch,
            limits=self._limits,
            monotonic=self._monotonic,
            errands=self._errands,
            fixed=lambda text, mouth: self._phrasebook.sound(mouth.account, language, text),
        )
        voice.warm()
        return voice

    def fixed(self, text: str, language: Language) -> list[rtc.AudioFrame] | None:
        """The frames of a phrase made ahead, 50 ms each at 16 kHz; None where it was not made."""
        account = next((each for each in self._accounts.voices if each.voices.get(language)), None)
        sound = self._phrasebook.sound(account, language, text) if account else None
        if sound is None:
            return None
        return [
            rtc.AudioFrame(
                data=sound[at : at + _FRAME],
                sample_rate=RATE,
                num_channels=1,
                samples_per_channel=len(sound[at : at + _FRAME]) // 2,
            )
            for at in range(0, len(sound), _FRAME)
        ]

    def _breaker_of(self, service: str, place: int) -> Callable[[str], Breaker]:
        return lambda name: self._breakers.of("stt" if service == "stt" else "tts", place, name)
