"""Spoken practices with the browser's own recogniser and voice, which are played by a script that obeys the test."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.candidate import Language
from tests.browser.conftest import Shape, Visits
from tests.browser.talker import Talker, with_speech

DENIED = "fakeSpeech.denied = true;"
MISSING = "delete window.SpeechRecognition; delete window.webkitSpeechRecognition;"
NO_VOICE = "speechSynthesis.speak = (words) => setTimeout(() => words.emit('error', { error: 'synthesis-failed' }));"
SHORT = "I teach mathematics at a school in the north of the city."


async def a_talker(visits: Visits, language: Language = "en", shape: Shape = "wide", script: str = "") -> Talker:
    page = await visits.page({"en": "en-GB", "es": "es-CO"}[language], shape)
    return Talker(await with_speech(page, script), language)


@pytest.mark.parametrize(("language", "shape"), [("en", "wide"), ("es", "narrow")])
async def test_a_whole_practice_is_spoken_from_the_first_page_to_the_report(
    visits: Visits, language: Language, shape: Shape
) -> None:
    candidate = await a_talker(visits, language, shape)
    await candidate.begin()
    await candidate.go_to_the_end()
    said = await candidate.own.all_inner_texts()
    assert said[0] == candidate.words["agree"]
    own = {"en": "en-GB", "es": "es-CO"}[language]
    assert set(await candidate.tell("() => fakeSpeech.languages")) == {own}
    spoken = await candidate.tell("() => fakeSpeech.spoken")
    assert {each["lang"] for each in spoken} == {own}
    heard = await candidate.replies.locator(".words__text").all_inner_texts()
    assert _plain("".join(each["text"] for each in spoken)) == _plain("".join(heard))

    await candidate.page.get_by_role("link", name=candidate.words["report"]).click()
    transcript = candidate.page.get_by_role("heading", name=candidate.words["transcript"], exact=True)
    await expect(transcript).to_be_visible(timeout=60_000)
    assert await candidate.page.locator(".words--candidate .words__text").all_inner_texts() == said


async def test_nothing_is_heard_before_the_person_has_read_who_hears_it(visits: Visits) -> None:
    candidate = await a_talker(visits)
    await candidate.enter()
    await expect(candidate.page.get_by_text("with a service of the company that makes it")).to_be_visible()
    assert await candidate.tell("() => [fakeSpeech.languages.length, fakeSpeech.spoken.length]") == [0, 0]
    await candidate.talk()
    await expect(candidate.listening).to_be_attached()
    assert await candidate.tell("() => fakeSpeech.spoken.length > 0")


@pytest.mark.parametrize("key", ["m", "Escape"])
async def test_a_key_cuts_the_interviewer_short_and_only_what_was_spoken_counts(visits: Visits, key: str) -> None:
    candidate = await a_talker(visits)
    await candidate.begin()
    await candidate.tell("() => { fakeSpeech.holdAfter = 4 }")
    await candidate.utter(SHORT)
    await expect(candidate.held).to_be_attached()
    await expect(candidate.page.locator("html[data-ears=shut]")).to_be_attached()
    await expect(candidate.page.locator("[data-presence=speaking]")).to_be_attached()
    await candidate.tell("() => { fakeSpeech.holdAfter = Infinity }")
    await candidate.page.keyboard.press(key)

    cut = candidate.replies.filter(has_text="Cut short").last
    await expect(cut).to_be_visible()
    words = await cut.locator(".words__text").inner_text()
    assert 3 <= len(words.split()) <= 4
    await candidate.say("Before that I would like to say that I also lead a small choir.")
    assert "choir" in (await candidate.own.all_inner_texts())[-1]
    # What was cut short is asked anew.
    assert await candidate.at_question() == 1


async def test_a_pause_within_an_answer_does_not_end_it(visits: Visits) -> None:
    candidate = await a_talker(visits)
    await candidate.begin()
    said = await candidate.own.count()
    for part in ("I work on a billing service", "mostly alone", "and sometimes with one designer"):
        await candidate.utter(part)
        await expect(candidate.heard).to_contain_text(part)
    await candidate.utter("who lives in Lima", final=False)
    await expect(candidate.page.locator(".words__interim")).to_have_text("who lives in Lima")
    await candidate.quiet_after(said)
    whole = "I work on a billing service mostly alone and sometimes with one designer who lives in Lima"
    assert (await candidate.own.all_inner_texts())[said:] == [whole]
    await expect(candidate.heard).to_be_hidden()


async def test_a_recogniser_that_may_not_listen_gives_way_to_typing(visits: Visits) -> None:
    candidate = await a_talker(visits, script=DENIED)
    await candidate.enter()
    await candidate.talk()
    await expect(candidate.page.get_by_text("The browser may not use your microphone")).to_be_visible()
    await expect(candidate.box).to_be_focused()
    await candidate.see_all()
    agree = candidate.page.get_by_role("button", name=candidate.words["agree"], exact=True)
    await agree.click()
    await candidate.hear_more_than(1)
    await candidate.box.fill(SHORT)
    await candidate.send("Enter")

    # Allowed meanwhile: the same button tries again.
    await candidate.tell("() => { fakeSpeech.denied = false }")
    await candidate.page.get_by_role("button", name="Microphone on").click()
    await expect(candidate.listening).to_be_attached()
    await expect(candidate.page.get_by_text("The browser may not use your microphone")).to_have_count(0)


async def test_a_browser_without_a_recogniser_says_so_and_is_typed_to_while_the_interviewer_is_heard(
    visits: Visits,
) -> None:
    candidate = await a_talker(visits, "es", script=MISSING)
    # The set-up does not offer what this browser cannot do; another one on another device may have begun it.
    made = await candidate.page.request.post(
        "/api/v1/interviews", data={"plan": "behavioural", "language": "es", "channel": "voice"}
    )
    await candidate.page.goto(f"/interviews/{(await made.json())['id']}/room")
    await expect(candidate.page.get_by_text("Este navegador no convierte la voz en texto")).to_be_visible()
    await expect(candidate.page.get_by_role("button", name=candidate.words["talk"])).to_be_hidden()
    await candidate.page.get_by_role("button", name="Responder por escrito").click()
    await candidate.see_all()
    await candidate.hear_more_than(0)
    await candidate.box.fill(candidate.words["agree"])
    await candidate.send("Enter")
    assert "algo sencillo" in await candidate.tell("() => fakeSpeech.spoken.map((each) => each.text).join('')")


async def test_a_device_without_a_voice_is_read_from(visits: Visits) -> None:
    candidate = await a_talker(visits, script=NO_VOICE)
    await candidate.begin()
    await expect(candidate.page.get_by_text("This device has no voice")).to_be_visible()
    await candidate.say(SHORT)
    assert await candidate.at_question() == 1


async def test_whoever_starts_to_type_takes_the_words_heard_so_far_along(visits: Visits) -> None:
    candidate = await a_talker(visits)
    await candidate.begin()
    said = await candidate.own.count()
    await candidate.utter("I work with", final=False)
    await candidate.page.keyboard.press("t")
    await expect(candidate.box).to_be_focused()
    await expect(candidate.box).to_have_value("I work with")
    await expect(candidate.page.locator("html[data-ears=shut]")).to_be_attached()
    await candidate.box.press_sequentially(" steel and glass.")
    await candidate.send("Enter")
    assert (await candidate.own.all_inner_texts())[said:] == ["I work with steel and glass."]


async def test_a_recogniser_that_stops_by_itself_is_started_again_and_silence_is_told(visits: Visits) -> None:
    candidate = await a_talker(visits)
    await candidate.begin()
    for _ in range(2):
        started = await candidate.tell("() => fakeSpeech.languages.length")
        await expect(candidate.listening).to_be_attached()
        await candidate.tell("() => fakeSpeech.fail('no-speech')")
        await expect(candidate.listening).to_be_attached()
        assert await candidate.tell("() => fakeSpeech.languages.length") > started
    await expect(candidate.page.get_by_text("No words are arriving")).to_be_visible()
    await candidate.say(SHORT)
    await expect(candidate.page.get_by_text("No words are arriving")).to_have_count(0)


async def test_a_speech_service_that_is_away_is_tried_again_and_then_left(visits: Visits) -> None:
    candidate = await a_talker(visits)
    await candidate.begin()
    for _ in range(3):
        await expect(candidate.listening).to_be_attached()
        await candidate.tell("() => fakeSpeech.fail('network')")
    await expect(candidate.page.get_by_text("speech service does not answer")).to_be_visible()
    await expect(candidate.box).to_be_focused()


async def test_without_the_voice_replies_are_read_and_count_at_once(visits: Visits) -> None:
    candidate = await a_talker(visits)
    await candidate.begin()
    await candidate.page.keyboard.press("v")
    spoken = await candidate.tell("() => fakeSpeech.spoken.length")
    await candidate.say(SHORT)
    assert await candidate.at_question() == 1
    assert await candidate.tell("() => fakeSpeech.spoken.length") == spoken
    await expect(candidate.page.get_by_role("button", name="Voice on")).to_be_visible()


async def test_the_microphone_is_shut_while_the_interview_is_paused(visits: Visits) -> None:
    candidate = await a_talker(visits)
    await candidate.begin()
    await expect(candidate.listening).to_be_attached()
    await candidate.page.keyboard.press("p")
    await expect(candidate.page.locator("[data-presence=paused]")).to_be_attached()
    await expect(candidate.page.locator("html[data-ears=shut]")).to_be_attached()
    await candidate.page.keyboard.press("p")
    await expect(candidate.listening).to_be_attached()


async def test_the_other_language_is_listened_to_and_spoken_after_a_change(visits: Visits) -> None:
    candidate = await a_talker(visits)
    await candidate.begin()
    await expect(candidate.listening).to_be_attached()
    heard = await candidate.replies.count()
    await candidate.page.keyboard.press("l")
    await candidate.hear_more_than(heard)
    await expect(candidate.listening).to_be_attached()
    assert await candidate.tell("() => fakeSpeech.languages.at(-1)") == "es-ES"
    assert await candidate.tell("() => fakeSpeech.spoken.at(-1).lang") == "es-ES"


async def test_a_spoken_interview_goes_on_after_a_reload(visits: Visits) -> None:
    candidate = await a_talker(visits)
    await candidate.begin()
    await candidate.say(SHORT)
    await candidate.page.reload()
    await candidate.talk()
    await expect(candidate.listening).to_be_attached()
    await expect(candidate.own.get_by_text(SHORT, exact=True)).to_have_count(1)
    assert await candidate.at_question() == 1


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", text)
