"""All emulators on one port, each vendor under its own name; and what tells Viva to use them."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.routing import Mount

from tests.emulators import anthropic, deepgram, elevenlabs, faults, openai_speech, openai_text
from tests.emulators.elevenlabs import VOICES
from tests.emulators.faults import Faults
from tests.emulators.settings import Settings

SENTENCES = {
    "en": [
        "Yes, I agree.",
        "Yes, we can begin.",
        "No, thank you.",
        "Let me think.",
        "One moment, please.",
        "Could you repeat the question, please?",
        "I would like to move on to the next question.",
        "I built the cache in the first week, and we measured it again.",
        "We had two databases and one of them was slow.",
        "I talked with the team and we decided to wait.",
        "I do not know the answer to that question.",
        "What does a normal day look like in this job?",
        "That is all from my side.",
    ],
    "es": [
        "Sí, estoy de acuerdo.",
        "Sí, estoy listo para empezar.",
        "No, gracias.",
        "Déjame pensar.",
        "Un momento, por favor.",
        "¿Podría repetir la pregunta, por favor?",
        "Me gustaría pasar a la siguiente pregunta.",
        "Construí la caché en la primera semana y volvimos a medir.",
        "Teníamos dos bases de datos y una de ellas era lenta.",
        "Hablé con el equipo y decidimos esperar.",
        "No sé la respuesta a esa pregunta.",
        "¿Cómo es un día normal en este puesto?",
        "Eso es todo por mi parte.",
    ],
}
"""What a person can say into a microphone and be understood."""


def application(board: Faults, settings: Settings) -> Starlette:
    """Every emulator under one board and one key; `/faults` is the board."""
    return Starlette(
        routes=[
            *faults.routes(board),
            Mount("/deepgram", routes=deepgram.routes(board, settings)),
            Mount("/elevenlabs", routes=elevenlabs.routes(board, settings)),
            Mount("/anthropic", routes=anthropic.routes(board, settings)),
            Mount("/openai", routes=[*openai_text.routes(board, settings), *openai_speech.routes(board, settings)]),
        ]
    )


def environment(url: str, settings: Settings) -> dict[str, str]:
    """The environment variables by which Viva takes the emulators at `url` for the vendors."""
    english, spanish = VOICES
    return {
        "DEEPGRAM_API_KEY": settings.key,
        "VIVA_DEEPGRAM_URL": f"{url}/deepgram",
        "ELEVEN_API_KEY": settings.key,
        "VIVA_ELEVENLABS_URL": f"{url}/elevenlabs",
        "VIVA_ELEVENLABS_VOICE_EN": english,
        "VIVA_ELEVENLABS_VOICE_ES": spanish,
        "ANTHROPIC_API_KEY": settings.key,
        "VIVA_ANTHROPIC_URL": f"{url}/anthropic",
        "OPENAI_API_KEY": settings.key,
        "VIVA_OPENAI_URL": f"{url}/openai/v1",
        "VIVA_LLM_URL": f"{url}/openai/v1",
        "VIVA_LLM_KEY": settings.key,
        "VIVA_LLM_MODEL": "gpt-5-mini",
        "VIVA_STT_URL": f"{url}/openai/v1",
        "VIVA_STT_KEY": settings.key,
        "VIVA_TTS_URL": f"{url}/openai/v1",
        "VIVA_TTS_KEY": settings.key,
        "NO_PROXY": "127.0.0.1,localhost",
    }
