"""A candidate at the page: what a person does in the room, and the words of one who answers well."""

import re
from typing import Literal

from playwright.async_api import Locator, Page, expect

Language = Literal["en", "es"]

LAST_OWN = ".words--candidate[data-seq]:not(:has(~ .words--candidate))"

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "plan": "Behavioural interview",
        "start": "Start the interview",
        "practise": "Practise this",
        "typed": "I type",
        "spoken": "I speak",
        "short": "a short while",
        "enter": "Enter the interview",
        "talk": "Start talking",
        "agree": "I agree",
        "answer": "Your answer",
        "send": "Send",
        "report": "See the report",
        "closing": "Closing",
        "ended": "The interview has ended",
        "position": "Question {number} of",
        "transcript": "What was said",
        "scorer": "rehearsal scorer",
        "said": (
            "Last spring our team had to move the billing data before the end of May, and it was difficult because two "
            "people had just left. I was responsible for the plan. I listened to the others, wrote a list of the "
            "risks, and decided to move one customer at a time, because a mistake would then touch only one. "
            "In the end we finished nine days early, errors fell by 40 percent, and I learned to ask for figures "
            "first."
        ),
        "thanks": "No, thank you, I have no questions.",
    },
    "es": {
        "plan": "Entrevista conductual",
        "start": "Empezar la entrevista",
        "practise": "Practicar esta",
        "typed": "Escribo",
        "spoken": "Hablo",
        "short": "poco",
        "enter": "Entrar en la entrevista",
        "talk": "Empezar a hablar",
        "agree": "De acuerdo",
        "answer": "Tu respuesta",
        "send": "Enviar",
        "report": "Ver el informe",
        "closing": "Cierre",
        "ended": "La entrevista ha terminado",
        "position": "Pregunta {number} de",
        "transcript": "Lo que se dijo",
        "scorer": "evaluador de ensayo",
        "said": (
            "La primavera pasada nuestro equipo tenía que mover los datos de facturación antes de que terminara mayo, "
            "y era difícil porque dos personas acababan de irse. Yo era responsable del plan. Escuché a los demás, "
            "escribí una lista de los riesgos y decidí mover un cliente a la vez, porque así un error afectaba "
            "solo a uno. Al final terminamos nueve días antes, los errores bajaron un 40 por ciento y aprendí a "
            "pedir cifras primero."
        ),
        "thanks": "No, gracias, no tengo preguntas.",
    },
}


class Candidate:
    """Somebody in the room, in one language."""

    def __init__(self, page: Page, language: Language) -> None:
        self.page = page
        self.words = WORDS[language]

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def box(self) -> Locator:
        return self.page.get_by_label(self.words["answer"], exact=True)

    @property
    def replies(self) -> Locator:
        """What the interviewer has said to the end."""
        return self.page.locator(".words--interviewer[data-seq]")

    @property
    def own(self) -> Locator:
        """What the candidate said that is kept."""
        return self.page.locator(".words--candidate[data-seq] .words__text")

    @property
    def end(self) -> Locator:
        return self.page.get_by_role("heading", name=self.words["ended"])

    async def begin(self) -> None:
        """From the first page into the room, consent given, with all that is said in sight."""
        await self.set_up()
        await self.page.get_by_role("button", name=self.words["start"]).click()
        await self.page.wait_for_url(re.compile(r"/interviews/[0-9a-f-]{36}/room$"))
        await self.consent()
        await self.see_all()

    async def set_up(self) -> None:
        """From the first page to what can be chosen before the interview."""
        await self.page.goto("/")
        name = re.compile(rf"^{self.words['practise']}\W+{self.words['plan']}$")
        await self.page.get_by_role("link", name=name).click()

    async def see_all(self) -> None:
        """Everything that was said, and not the last of each side alone: by its key, which needs no focus."""
        await self.page.get_by_role("heading", level=1).click()
        await self.page.keyboard.press("a")
        await expect(self.page.locator("[data-said][data-all=true]")).to_be_attached()

    async def consent(self) -> None:
        agree = self.page.get_by_role("button", name=self.words["agree"], exact=True)
        await self.hear_more_than(0)
        heard = await self.replies.count()
        await agree.click()
        await self.hear_more_than(heard)

    async def say(self, text: str) -> None:
        """Types, sends with Enter, and reads the reply to it."""
        await self.box.fill(text)
        await self.send("Enter")

    async def send(self, key: str) -> None:
        """Sends what is typed, and reads the reply to it."""
        said = await self.own.count()
        await self.box.press(key)
        await self.quiet_after(said)

    async def hear_more_than(self, heard: int) -> None:
        """Until the interviewer has said more than so many replies, or the interview has ended."""
        await self._quiet(self.replies.nth(heard))

    async def quiet_after(self, said: int) -> None:
        """Until so many and one more of the candidate's turns are kept, and the reply to the last was given."""
        await expect(self.own.nth(said)).to_be_visible()
        await self._quiet(self.page.locator(f"{LAST_OWN} ~ .words--interviewer[data-seq]"))

    async def _quiet(self, reply: Locator) -> None:
        # There, if not in sight: captions show the last words of each side alone.
        await expect(reply.or_(self.page.locator("[data-over]")).first).to_be_attached()
        await expect(self.page.locator("[aria-busy]")).to_have_count(0)

    async def has_ended(self) -> bool:
        if await self.page.get_by_role("heading", level=1, name=self.words["closing"]).is_visible():
            await expect(self.end).to_be_visible()
        return await self.end.is_visible()

    async def at_question(self) -> int:
        """The number of the open question, 0 where none is."""
        where = await self.page.get_by_role("heading", level=1).inner_text()
        found = re.match(self.words["position"].format(number=r"(\d+)"), where)
        return int(found[1]) if found else 0

    async def reach_question(self, number: int) -> None:
        for _ in range(12 * number):
            if await self.at_question() >= number:
                return
            await self.say(self.words["said"])
        raise AssertionError(f"question {number} never came")

    async def go_to_the_end(self) -> None:
        for _ in range(60):
            if await self.has_ended():
                return
            asked = await self.at_question()
            warming = await self.own.count() == 0
            await self.say(self.words["said"] if asked or warming else self.words["thanks"])
        raise AssertionError("the interview never ended")
