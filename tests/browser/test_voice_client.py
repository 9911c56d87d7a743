"""The room's sound path against a server that speaks the protocol and nothing else: a real microphone, a real
loudspeaker, and every frame and report seen from the other side.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from server.live import protocol
from server.live.protocol import Microphone, Playback, Say
from storage.ids import uuid7
from tests.browser.conftest import FLAGS, SIZES, Shape, Watched
from tests.browser.studio import (
    FRAME_BYTES,
    FRAME_MS,
    RATE,
    Sitting,
    Studio,
    frames_of,
    open_studio,
    state,
    tone,
    write_beeps,
)

BEEP_HZ = 700.0
TOO_HIGH_HZ = 11_000.0
"""Folded at 16 kHz it would be heard at 5 kHz."""

# The browser's own devices, as a person can pull and plug them.
DEVICES = """
const media = navigator.mediaDevices;
const real = media.getUserMedia.bind(media);
window.streams = [];
window.wishes = [];
window.refuse = null;
media.getUserMedia = async (wish) => {
    window.wishes.push(wish.audio);
    if (window.refuse) throw new DOMException("none", window.refuse);
    const stream = await real(wish);
    window.streams.push(stream);
    return stream;
};
window.unplug = () => {
    window.refuse = "NotFoundError";
    for (const track of window.streams.flatMap((stream) => stream.getTracks())) {
        track.stop();
        track.dispatchEvent(new Event("ended"));
    }
};
window.plug = () => {
    window.refuse = null;
    media.dispatchEvent(new Event("devicechange"));
};
const Context = window.AudioContext;
window.AudioContext = class extends Context {
    constructor(...rest) { super(...rest); window.context = this; }
};
"""
OPENED = "async (count) => { while (streams.length < count) await new Promise(requestAnimationFrame); }"
# Nobody answers the browser's question until `allow()`.
LATE = """
const asked = new Promise((allowed) => { window.allow = allowed; });
const given = media.getUserMedia;
media.getUserMedia = async (wish) => { await asked; return given(wish); };
"""
# What goes to the loudspeaker, overheard.
TAP = """
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (to, ...rest) {
    if (to instanceof AudioDestinationNode) {
        window.tap = new AnalyserNode(this.context, { fftSize: 4096 });
        connect.call(this, window.tap);
    }
    return connect.call(this, to, ...rest);
};
"""
LOUDNESS = """() => {
    const sound = new Float32Array(512);
    tap.getFloatTimeDomainData(sound);
    return Math.sqrt(sound.reduce((sum, each) => sum + each * each, 0) / sound.length);
}"""
QUIET_AFTER_MS = f"""async () => {{
    const began = performance.now();
    while (({LOUDNESS})() > 0.001) await new Promise(requestAnimationFrame);
    return performance.now() - began;
}}"""
PITCH = """() => {
    const bands = new Float32Array(tap.frequencyBinCount);
    tap.getFloatFrequencyData(bands);
    return bands.indexOf(Math.max(...bands)) * tap.context.sampleRate / tap.fftSize;
}"""
# No browser without a screen hides a tab; a tab that is hidden at worst has no timers and draws nothing.
HIDDEN = """() => {
    for (let timer = 1; timer < 10_000; timer += 1) { clearTimeout(timer); cancelAnimationFrame(timer); }
    window.setTimeout = window.setInterval = window.requestAnimationFrame = () => 0;
    Object.defineProperty(document, "visibilityState", { value: "hidden" });
    Object.defineProperty(document, "hidden", { value: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
NO_WORKLETS = "delete window.AudioWorkletNode;"
NO_MODULES = "AudioWorklet.prototype.addModule = () => Promise.reject(new DOMException('none', 'AbortError'));"
HAS_RECOGNISER = "window.SpeechRecognition ??= class extends EventTarget {};"
NO_RECOGNISER = "delete window.SpeechRecognition; delete window.webkitSpeechRecognition;"


class Booth:
    """Somebody in the room, with a microphone that beeps, and the server they talk to."""

    def __init__(self, page: Page, studio: Studio) -> None:
        self.page = page
        self.studio = studio

    async def talk(self, address: str | None = None) -> Sitting:
        """Through the door, until the first frames are there."""
        await self.page.goto(address or self.studio.room)
        await self.page.get_by_role("button", name="Start talking").click()
        sitting = await self.studio.sitting()
        await sitting.hears(5)
        return sitting

    def word(self, text: str) -> Locator:
        """The word under the interviewer's line."""
        return self.page.locator("[data-presence-word]", has_text=re.compile(f"^{text}$"))

    @property
    def trouble(self) -> Locator:
        return self.page.locator("[data-trouble]")

    @property
    def box(self) -> Locator:
        return self.page.get_by_label("Your answer", exact=True)

    async def flow(self) -> dict[str, int]:
        """What the figures panel says of the sound, by its sentences."""
        words = await self.page.locator("[data-figures-sound]").inner_text()
        return {name: int(value) for name, value in re.findall(r"([A-Z][a-z ]+?)(?: after|:) (\d+)", words)}


class Booths:
    def __init__(self, chromium: Browser, studio: Studio) -> None:
        self._chromium = chromium
        self._studio = studio
        self._watched: list[Watched] = []

    async def open(self, script: str = "", shape: Shape = "wide", locale: str = "en-GB") -> Booth:
        width, height = SIZES[shape]
        context = await self._chromium.new_context(
            base_url=self._studio.url,
            locale=locale,
            permissions=["microphone"],
            viewport={"width": width, "height": height},
        )
        context.set_default_timeout(15_000)
        self._watched.append(Watched(context, self._studio.url))
        # An empty page has no devices.
        await context.add_init_script(f"if (navigator.mediaDevices) {{ {DEVICES} {TAP} {script} }}")
        return Booth(await context.new_page(), self._studio)

    @property
    def complaints(self) -> list[str]:
        return [complaint for watched in self._watched for complaint in watched.complaints]


@pytest.fixture(scope="session")
def beeps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "beeps.wav"
    write_beeps(path, (BEEP_HZ, TOO_HIGH_HZ))
    return path


@pytest.fixture
async def studio() -> AsyncIterator[Studio]:
    async with open_studio() as opened:
        yield opened


@pytest.fixture
async def booths(chromium_path: Path, beeps: Path, studio: Studio) -> AsyncIterator[Booths]:
    flags = (
        *FLAGS,
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={beeps}",
    )
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=list(flags))
        opened = Booths(browser, studio)
        yield opened
        assert opened.complaints == []
        await browser.close()


def spectrum(frames: list[bytes]) -> dict[int, float]:
    """Loudness by frequency (Hz, in steps of 50) of the loudest of these frames, 0–1 of the loudest."""
    sound = np.frombuffer(b"".join(frames), "<i2").reshape(-1, FRAME_BYTES // 2).astype(float)
    loudest = sound[np.argsort((sound**2).sum(axis=1))[-len(frames) // 4 :]]
    bands = np.abs(np.fft.rfft(loudest * np.hanning(sound.shape[1]), axis=1)).mean(axis=0)
    return {round(index * RATE / sound.shape[1]): float(each / bands.max()) for index, each in enumerate(bands)}


# --- the microphone ---


async def test_the_microphone_comes_as_fifty_frames_a_second_and_nothing_folds_into_them(booths: Booths) -> None:
    booth = await booths.open()
    sitting = await booth.talk()
    assert "audio" in sitting.hello.capabilities
    await sitting.hears(200)
    assert {len(pcm) for _, pcm in sitting.frames} == {FRAME_BYTES}
    (began, _), (ended, _) = sitting.frames[0], sitting.frames[200]
    assert 200 / (ended - began) == pytest.approx(50, rel=0.1)
    heard = spectrum([pcm for _, pcm in sitting.frames[-100:]])
    assert max(heard, key=lambda hertz: heard[hertz]) == pytest.approx(BEEP_HZ, abs=50)
    assert max(heard[hertz] for hertz in range(4_500, 5_501, 50)) < 0.01
    wishes = await booth.page.evaluate("wishes")
    assert wishes[0]["echoCancellation"] is True
    assert wishes[0]["noiseSuppression"] is True


async def test_nothing_is_heard_before_the_person_has_read_who_hears_it(booths: Booths) -> None:
    booth = await booths.open()
    await booth.page.goto(booth.studio.room)
    await expect(booth.page.get_by_text("is sent to Deepgram")).to_be_visible()
    await expect(booth.page.get_by_text("ElevenLabs makes the interviewer's voice")).to_be_visible()
    assert await booth.page.evaluate("wishes.length") == 0
    assert booth.studio.sittings == []


async def test_a_muted_microphone_is_told_sends_nothing_and_is_silent_in_itself(booths: Booths) -> None:
    booth = await booths.open()
    sitting = await booth.talk()
    await booth.page.keyboard.press("m")
    await sitting.until(lambda: sitting.of(Microphone)[-1].state == "muted")
    assert await booth.page.evaluate("streams.at(-1).getAudioTracks()[0].enabled") is False
    await expect(booth.word("Your microphone is off")).to_be_visible()
    count = len(sitting.frames)
    await sitting.says(1, tone(600))
    await sitting.done(1)
    assert len(sitting.frames) == count
    await booth.page.keyboard.press("m")
    await sitting.hears(5)
    assert [each.state for each in sitting.of(Microphone)][-2:] == ["muted", "on"]
    assert await booth.page.evaluate("streams.length") == 1


async def test_a_lost_microphone_is_said_typing_goes_on_and_it_is_used_again_once_found(booths: Booths) -> None:
    booth = await booths.open()
    sitting = await booth.talk()
    await booth.page.evaluate("unplug()")
    await sitting.until(lambda: sitting.of(Microphone)[-1].state == "lost")
    await expect(booth.trouble).to_contain_text("Your microphone is gone")
    await booth.box.fill("I go on in writing.")
    await booth.box.press("Enter")
    await sitting.until(lambda: bool(sitting.of(Say)))
    assert sitting.of(Say)[0].text == "I go on in writing."
    await booth.page.evaluate("plug()")
    await sitting.until(lambda: sitting.of(Microphone)[-1].state == "on")
    await sitting.hears(5)
    await expect(booth.trouble).to_be_empty()
    assert len(booth.studio.sittings) == 1


async def test_a_microphone_that_may_not_be_used_leaves_typing_and_is_tried_again_when_asked(booths: Booths) -> None:
    booth = await booths.open("window.refuse = 'NotAllowedError';")
    await booth.page.goto(booth.studio.room)
    await booth.page.get_by_role("button", name="Start talking").click()
    sitting = await booth.studio.sitting()
    await expect(booth.trouble).to_contain_text("The browser may not use your microphone")
    await expect(booth.box).to_be_visible()
    assert [each.state for each in sitting.of(Microphone)] == ["muted"]
    await booth.page.evaluate("refuse = null")
    await booth.page.get_by_role("button", name="Microphone on").click()
    await sitting.hears(5)
    await expect(booth.trouble).to_be_empty()


async def test_another_microphone_is_chosen_in_the_room_without_a_break(booths: Booths) -> None:
    booth = await booths.open()
    sitting = await booth.talk()
    await booth.page.keyboard.press("d")
    select = booth.page.get_by_label("Microphone", exact=True)
    await expect(select).to_be_focused()
    other = await select.locator("option").nth(1).get_attribute("value")
    await select.select_option(other)
    await booth.page.evaluate(OPENED, 2)
    await sitting.hears(10)
    assert [each.state for each in sitting.of(Microphone)][-1] == "on"
    assert await booth.page.evaluate("wishes.at(-1).deviceId.ideal") == other
    assert await booth.page.evaluate("streams[0].getTracks()[0].readyState") == "ended"
    # One that is chosen while nobody is to be heard is heard later, and not before.
    await select.select_option(index=0)
    await booth.page.evaluate(OPENED, 3)
    await booth.page.get_by_role("button", name="Microphone off").click()
    await select.select_option(other)
    await booth.page.evaluate(OPENED, 4)
    assert await booth.page.evaluate("streams[3].getTracks()[0].enabled") is False
    await booth.page.get_by_role("button", name="Microphone on").click()
    await sitting.hears(5)
    assert await booth.page.evaluate("streams.length") == 4
    await select.focus()
    await sitting.send(protocol.AudioBegin(segment=1, reply_id=None))
    for frame in frames_of(tone(1_000)):
        await sitting.sound(frame)
    await sitting.has_played(1, 200)
    await booth.page.keyboard.press("Escape")
    await expect(select).to_be_hidden()
    # It closed the panel, and cut nobody short.
    await sitting.has_played(1, 800)
    # It is the one for the next time, too.
    again = await booth.page.context.new_page()
    await again.goto(booth.studio.room)
    await again.get_by_role("button", name="Start talking").click()
    await (await booth.studio.sitting(2)).hears(1)
    assert await again.evaluate("wishes[0].deviceId.ideal") == other


async def test_the_microphone_is_shut_while_the_interview_is_paused(booths: Booths) -> None:
    booth = await booths.open()
    sitting = await booth.talk()
    await sitting.send(protocol.State(state=state(paused=True)))
    await sitting.until(lambda: sitting.of(Microphone)[-1].state == "muted")
    count = len(sitting.frames)
    await expect(booth.word("Paused")).to_be_visible()
    assert len(sitting.frames) == count
    await sitting.send(protocol.State(state=state()))
    await sitting.hears(5)
    assert sitting.of(Microphone)[-1].state == "on"


# --- the loudspeaker ---


async def test_a_segment_is_played_at_its_pitch_and_reported_to_the_millisecond(booths: Booths) -> None:
    booth = await booths.open()
    sitting = await booth.talk()
    began = time.monotonic()
    await sitting.says(1, tone(1_530, 1_250.0))
    await sitting.has_played(1, 800)
    assert await booth.page.evaluate(PITCH) == pytest.approx(1_250, abs=20)
    await expect(booth.word("Speaking")).to_be_visible()
    assert await sitting.done(1) == Playback(segment=1, ms=1_530, done=True)
    assert time.monotonic() - began == pytest.approx(1.53, abs=0.5)
    reports = [each for _, each in sitting.played(1)]
    assert [each.ms for each in reports] == [200, 400, 600, 800, 1_000, 1_200, 1_400, 1_530]
    assert [each.done for each in reports] == [False] * 7 + [True]
    await expect(booth.word("Listening")).to_be_visible()


async def test_segments_follow_each_other_and_an_empty_one_is_done_at_once(booths: Booths) -> None:
    booth = await booths.open()
    sitting = await booth.talk()
    await sitting.says(1, tone(300))
    await sitting.says(2, b"")
    await sitting.says(3, tone(300))
    await sitting.done(3)
    ends = [each for each in sitting.of(Playback) if each.done]
    assert [(each.segment, each.ms) for each in ends] == [(1, 300), (2, 0), (3, 300)]


async def test_clear_stops_at_once_and_says_exactly_where(booths: Booths) -> None:
    booth = await booths.open()
    sitting = await booth.talk()
    await sitting.says(1, tone(5_000))
    await sitting.has_played(1, 600)
    assert await booth.page.evaluate(LOUDNESS) > 0.1
    # The report that came with the least delay tells best when it began.
    began = min(at - each.ms / 1000 for at, each in sitting.played(1))
    await sitting.send(protocol.AudioClear(segment=1))
    report = await sitting.done(1, within_s=5)
    assert 600 <= report.ms <= (time.monotonic() - began) * 1000 + 20
    assert report.ms < 5_000
    assert await booth.page.evaluate(QUIET_AFTER_MS) < 150
    # Nothing of it is heard or told later, and what comes next is played.
    await sitting.says(2, tone(200))
    assert (await sitting.done(2)).ms == 200
    assert [each.done for _, each in sitting.played(1)].count(True) == 1


async def test_a_pause_holds_every_sample_until_it_is_over(booths: Booths) -> None:
    booth = await booths.open()
    sitting = await booth.talk()
    await sitting.says(1, tone(1_200))
    await sitting.has_played(1, 400)
    await sitting.send(protocol.AudioPause(segment=1))
    await expect(booth.word("Listening")).to_be_visible()
    await sitting.hears(5)
    before = len(sitting.played(1))
    await sitting.hears(40)
    assert len(sitting.played(1)) == before
    assert await booth.page.evaluate(LOUDNESS) < 0.001
    await sitting.send(protocol.AudioResume(segment=1))
    await expect(booth.word("Speaking")).to_be_visible()
    assert (await sitting.done(1)).ms == 1_200


async def test_two_hundred_milliseconds_of_jitter_are_ridden_over_once_it_ran_dry(booths: Booths) -> None:
    booth = await booths.open()
    sitting = await booth.talk()
    await booth.page.keyboard.press("f")
    first, *others = list(frames_of(tone(2_000)))
    await sitting.send(protocol.AudioBegin(segment=1, reply_id=None))
    await sitting.sound(first)
    await sitting.hears(25)
    for frame in others:
        await sitting.sound(frame)
    await sitting.send(protocol.AudioEnd(segment=1))
    assert (await sitting.done(1)).ms == 2_000
    await expect(booth.page.locator("[data-figures-sound]")).to_contain_text("Ran dry: 1.")
    assert (await booth.flow())["Starts"] == 260

    ridden_over, segment = 0, 1
    # On a machine with much else to do frames are later than was asked for, here or in the browser; not every time.
    while ridden_over < 2:
        segment += 1
        assert segment < 12, "it ran dry again and again"
        dry_before = (await booth.flow())["Ran dry"]
        await _jittery(sitting, segment)
        assert (await sitting.done(segment)).ms == 3_000
        ridden_over = ridden_over + 1 if (await booth.flow())["Ran dry"] == dry_before else 0


async def _jittery(sitting: Sitting, segment: int) -> None:
    """Sends a segment in real time, without a lead, and each frame up to 200 ms late: the worst that is to be ridden
    over."""
    await sitting.send(protocol.AudioBegin(segment=segment, reply_id=None))
    began = time.monotonic()
    for place, frame in enumerate(frames_of(tone(3_000))):
        due = began + (place * FRAME_MS + place * 73 % 201) / 1000
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        await sitting.sound(frame)
    await sitting.send(protocol.AudioEnd(segment=segment))


@pytest.mark.parametrize("key", ["m", "Escape"])
async def test_a_key_cuts_the_interviewer_short_and_tells_where(booths: Booths, key: str) -> None:
    booth = await booths.open()
    sitting = await booth.talk()
    await sitting.send(protocol.AudioBegin(segment=1, reply_id=uuid7()))
    for frame in frames_of(tone(3_000)):
        await sitting.sound(frame)
    await sitting.has_played(1, 400)
    await booth.page.keyboard.press(key)
    report = await sitting.done(1)
    assert 400 <= report.ms < 2_000
    # What was on its way still comes, and is not heard; nor is its end told twice.
    for frame in frames_of(tone(500)):
        await sitting.sound(frame)
    await sitting.send(protocol.AudioClear(segment=1))
    await sitting.says(2, tone(300))
    assert (await sitting.done(2)).ms == 300
    assert [each.done for _, each in sitting.played(1)].count(True) == 1
    assert sitting.of(Microphone)[-1].state == "on"


async def test_what_is_typed_while_the_interviewer_speaks_silences_it_first(booths: Booths) -> None:
    booth = await booths.open()
    sitting = await booth.talk()
    await booth.page.keyboard.press("t")
    await sitting.says(1, tone(5_000))
    await sitting.has_played(1, 200)
    await booth.box.fill("Let me answer that.")
    await booth.box.press("Enter")
    assert (await sitting.done(1)).ms < 4_000
    await sitting.until(lambda: bool(sitting.of(Say)))


async def test_with_the_voice_off_nothing_sounds_and_all_of_it_still_passes(booths: Booths) -> None:
    booth = await booths.open()
    sitting = await booth.talk()
    await booth.page.keyboard.press("v")
    await sitting.says(1, tone(800))
    await sitting.has_played(1, 400)
    assert await booth.page.evaluate(LOUDNESS) < 0.001
    assert (await sitting.done(1)).ms == 800


async def test_frames_that_are_no_sound_are_counted_and_passed_over(booths: Booths) -> None:
    booth = await booths.open()
    sitting = await booth.talk()
    await booth.page.keyboard.press("f")
    await sitting.sound(tone(20))
    await sitting.send(protocol.AudioBegin(segment=1, reply_id=None))
    await sitting.sound(b"\x01\x02\x03")
    await sitting.sound(tone(100))
    await sitting.send(protocol.AudioEnd(segment=1))
    assert (await sitting.done(1)).ms == 100
    await expect(booth.page.locator("[data-figures-sound]")).to_contain_text("Bad frames: 2.")


# --- the line ---


async def test_after_a_drop_the_microphone_goes_on_and_segments_count_anew(booths: Booths) -> None:
    booth = await booths.open()
    sitting = await booth.talk()
    await sitting.says(1, tone(5_000))
    await sitting.has_played(1, 200)
    await sitting.close()
    again = await booth.studio.sitting(2)
    await again.hears(10)
    assert await booth.page.evaluate(LOUDNESS) < 0.001
    assert [each.state for each in again.of(Microphone)][-1] == "on"
    await again.says(1, tone(400))
    assert (await again.done(1)).ms == 400
    assert [each.ms for _, each in again.played(1)] == [200, 400, 400]
    assert await booth.page.evaluate("streams.length") == 1


async def test_sound_that_the_device_stops_is_said_and_goes_on_with_the_next_press(booths: Booths) -> None:
    booth = await booths.open()
    sitting = await booth.talk()
    await sitting.says(1, tone(1_000))
    await sitting.has_played(1, 200)
    await booth.page.evaluate("context.suspend()")
    await expect(booth.trouble).to_contain_text("This device has stopped the sound")
    await booth.page.keyboard.press("Shift")
    assert (await sitting.done(1)).ms == 1_000
    await expect(booth.trouble).to_be_empty()


async def test_a_tab_that_is_hidden_and_whose_timers_never_fire_hears_and_speaks_on(booths: Booths) -> None:
    booth = await booths.open()
    sitting = await booth.talk()
    await booth.page.evaluate(HIDDEN)
    count = len(sitting.frames)
    began = time.monotonic()
    await sitting.says(1, tone(2_000))
    assert (await sitting.done(1)).ms == 2_000
    passed_s = time.monotonic() - began
    assert (len(sitting.frames) - count) / passed_s == pytest.approx(50, rel=0.15)
    assert [each.ms for _, each in sitting.played(1)][:3] == [200, 400, 600]
    await sitting.says(2, tone(1_000))
    await sitting.has_played(2, 200)
    await sitting.send(protocol.AudioClear(segment=2))
    assert (await sitting.done(2)).ms < 900


async def test_whoever_comes_to_type_is_not_heard_and_may_turn_to_talking(booths: Booths) -> None:
    booth = await booths.open()
    await booth.page.goto(f"{booth.studio.room}?typing=1")
    sitting = await booth.studio.sitting()
    assert sitting.hello.capabilities == ("text",)
    await expect(booth.box).to_be_focused()
    assert await booth.page.evaluate("wishes.length") == 0
    await booth.page.get_by_role("button", name="Microphone on").click()
    again = await booth.studio.sitting(2)
    assert "audio" in again.hello.capabilities
    await again.hears(5)


async def test_a_server_that_cannot_hear_just_now_leaves_it_to_the_browser_and_says_who_hears_then(
    booths: Booths, studio: Studio
) -> None:
    studio.audio = None
    booth = await booths.open(HAS_RECOGNISER)
    await booth.page.goto(studio.room)
    await booth.page.get_by_role("button", name="Start talking").click()
    await expect(booth.trouble).to_contain_text("The interviewer cannot hear you directly just now")
    await expect(booth.trouble).to_contain_text("Your browser turns speech into text with a service of")
    await expect(booth.box).to_be_visible()
    await expect(booth.page.get_by_role("button", name="Microphone on")).to_be_visible()
    sitting = await studio.sitting()
    assert "speech" in sitting.hello.capabilities
    assert sitting.frames == []
    # A microphone that the person was being asked for meanwhile is shut again.
    shut = "streams.every((stream) => stream.getTracks().every((track) => track.readyState === 'ended'))"
    assert await booth.page.evaluate(shut)


async def test_a_microphone_that_is_allowed_too_late_is_shut_again(booths: Booths, studio: Studio) -> None:
    studio.audio = None
    booth = await booths.open(HAS_RECOGNISER + LATE)
    await booth.page.goto(studio.room)
    await booth.page.get_by_role("button", name="Start talking").click()
    sentence = "The interviewer cannot hear you directly just now"
    await expect(booth.trouble).to_contain_text(sentence)
    await booth.page.evaluate("allow()")
    await booth.page.evaluate(OPENED, 1)
    # The room sees the stream after the browser gave it.
    await booth.page.evaluate("new Promise(requestAnimationFrame)")
    assert await booth.page.evaluate("streams[0].getTracks()[0].readyState") == "ended"
    await expect(booth.trouble).to_contain_text(sentence)


async def test_worklets_that_cannot_be_fetched_leave_writing_and_a_sentence(booths: Booths) -> None:
    booth = await booths.open(NO_RECOGNISER + NO_MODULES)
    await booth.page.goto(booth.studio.room)
    await booth.page.get_by_role("button", name="Start talking").click()
    await expect(booth.trouble).to_contain_text("so you type your answers")
    await expect(booth.box).to_be_visible()
    sitting = await booth.studio.sitting()
    assert "audio" not in sitting.hello.capabilities
    assert await booth.page.evaluate("wishes.length") == 0


@pytest.mark.parametrize(
    ("script", "sentence"),
    [(HAS_RECOGNISER, "Your browser turns speech into text"), (NO_RECOGNISER, "so you type your answers")],
)
async def test_a_browser_without_worklets_does_what_it_can_by_itself(
    booths: Booths, script: str, sentence: str
) -> None:
    booth = await booths.open(NO_WORKLETS + script)
    await booth.page.goto(booth.studio.room)
    await expect(booth.page.locator("[data-gate-notice]")).to_contain_text(sentence)
    await booth.page.get_by_role("button", name="Type my answers").click()
    assert "audio" not in (await booth.studio.sitting()).hello.capabilities


# --- what is seen ---


async def test_words_that_are_being_heard_stand_there_lighter_and_go_with_the_turn(booths: Booths) -> None:
    booth = await booths.open()
    sitting = await booth.talk()
    await sitting.send(protocol.Interim(text="I work on a billing"))
    await expect(booth.page.locator(".words__interim")).to_have_text("I work on a billing")
    await sitting.send(
        protocol.Fact(
            seq=1,
            at_ms=1,
            at="2026-03-02T09:00:00+00:00",
            actor="candidate",
            event={"type": "turn.closed", "text": "I work on a billing service."},
        )
    )
    await expect(booth.page.locator(".words--candidate[data-seq]")).to_contain_text("I work on a billing service.")
    await expect(booth.page.locator(".words__interim")).to_have_count(0)
    await expect(booth.word("Thinking")).to_be_visible()
    await sitting.says(1, tone(300))
    await expect(booth.word("Listening")).to_be_visible()


async def test_the_figures_are_for_whoever_asks_and_are_asked_for_from_then_on(booths: Booths) -> None:
    booth = await booths.open()
    sitting = await booth.talk()
    panel = booth.page.locator("[data-figures]")
    assert "figures" not in sitting.hello.capabilities
    await expect(panel).to_be_hidden()
    await booth.page.keyboard.press("f")
    await expect(panel).to_be_visible()
    for turn in range(1, 8):
        await sitting.send(
            protocol.TurnMeasured(
                turn=turn,
                draft="hit",
                endpointing_ms=301.4,
                transcription_ms=151.0,
                first_token_ms=None,
                first_byte_ms=12.0,
                total_ms=464.4,
            )
        )
    await expect(panel.locator("tbody tr").first).to_have_text(re.compile(r"7\s*301\s*151\s*–\s*12\s*464\s*used"))
    await expect(panel.locator("tbody tr")).to_have_count(5)
    await booth.page.reload()
    await booth.page.get_by_role("button", name="Start talking").click()
    assert "figures" in (await booth.studio.sitting(2)).hello.capabilities
    await expect(panel).to_be_hidden()


async def test_the_check_says_whom_the_server_sends_the_voice_to(booths: Booths) -> None:
    booth = await booths.open()
    await booth.page.goto(booth.studio.check)
    await expect(booth.page.get_by_text("is sent to Deepgram")).to_be_visible()
    await expect(booth.page.get_by_text("It is made by ElevenLabs")).to_be_visible()
    await expect(booth.page.get_by_text("to its maker")).to_be_hidden()
    await booth.page.get_by_role("button", name="Try the microphone").click()
    await expect(booth.page.get_by_text("You are heard.")).to_be_visible()
    # What is chosen here is what the room opens.
    inputs = booth.page.get_by_label("Microphone", exact=True)
    other = await inputs.locator("option").nth(1).get_attribute("value")
    await inputs.select_option(other)
    await booth.talk()
    assert await booth.page.evaluate("wishes[0].deviceId.ideal") == other


@pytest.mark.parametrize("locale", ["en-GB", "es-CO"])
async def test_on_a_narrow_screen_the_devices_and_the_figures_fit(booths: Booths, locale: str) -> None:
    booth = await booths.open(shape="narrow", locale=locale)
    await booth.page.goto(f"{booth.studio.room}?figures")
    await booth.page.locator("[data-gate-talk]").click()
    sitting = await booth.studio.sitting()
    assert "figures" in sitting.hello.capabilities
    await sitting.hears(1)
    await booth.page.keyboard.press("d")
    await expect(booth.page.locator("[data-devices]")).to_be_visible()
    assert await booth.page.evaluate("document.documentElement.scrollWidth") <= 360
    for part in ("[data-devices]", "[data-figures]"):
        box = await booth.page.locator(part).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
        assert await booth.page.locator(part).evaluate("part => part.scrollWidth <= part.clientWidth")
