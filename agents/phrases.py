"""The Director's own words, in each language: what the interviewer says that no plan and no model writes."""

from agents.events import Channel
from agents.plans import Language

PHRASES: dict[Language, dict[str, str]] = {
    "en": {
        "greeting": (
            "Hello, and welcome. I am the interviewer for “{title}”: {questions} questions, about {minutes} minutes. "
            "You can ask me to repeat a question, take a pause, or stop whenever you like."
        ),
        "consent": (
            "What you write is kept and each answer is scored against a published rubric, "
            "so that it can be read again later. Do you agree to go on?"
        ),
        "consent_spoken": (
            "What you say is turned into text and kept, and each answer is scored against a published rubric, "
            "so that it can be read again later. Do you agree to go on?"
        ),
        "consent_again": "Before we begin I need a yes or a no: do you agree that your answers are kept and scored?",
        "declined": "That is fine. Nothing will be asked and nothing scored. Thank you for your time.",
        "warm_up": "Thank you. Let us begin with something easy.",
        "next_1": "Thank you.",
        "next_2": "I see, thank you.",
        "next_3": "All right.",
        "next_first": "Thank you. Now to the first question.",
        "next_after_skip": "No problem, we move on.",
        "next_last": "Here is the last question.",
        "probe": "Thank you.",
        "repeat": "Of course. Here it is again.",
        "back_to": "Let us go on where we were.",
        "hint": "Here is something to start from.",
        "no_hint": "I have no further hint for this one. Take it from any side you like; a short answer is fine too.",
        "wait": "Take your time. I am here.",
        "nudge": "There is no hurry. Shall I repeat the question, or would a hint help?",
        "nudge_plain": "There is no hurry. Shall I say it again?",
        "move_on": "If you would rather leave this one, say “skip” and we go on. Otherwise, start wherever you like.",
        "addition": "Thank you, I have added that to your earlier answer.",
        "welcome_back": "Welcome back.",
        "one_moment": "One moment, please.",
        "time_left": "We have about {minutes} minutes left.",
        "time_nearly": "We are nearly out of time, so please keep it short.",
        "your_questions": (
            "Thank you, those were my questions. Is there anything you would like to ask me about this interview?"
        ),
        "answer": "I cannot answer that here; the people who run this interview can.",
        "anything_else": "Is there anything else you would like to ask?",
        "answers_done": "That is as much as I can answer here.",
        "your_questions_again": "Is there anything you would like to ask me about this interview?",
        "closing": "Thank you for your time and your answers. Your report will be ready in a moment. Goodbye.",
        "closing_stopped": (
            "We stop here, as you asked. What you have said so far is kept, "
            "and your report will be ready in a moment. Goodbye."
        ),
        "closing_operator": (
            "We stop here for today. What you have said is kept, and your report will be ready in a moment. Goodbye."
        ),
        "note": "There is one more thing I would like to hear about: {topic}.",
        "closing_time": (
            "Our time is up, so I have to stop here. Thank you for your answers. "
            "Your report will be ready in a moment. Goodbye."
        ),
    },
    "es": {
        "greeting": (
            "Hola, te doy la bienvenida. Soy quien conduce la entrevista «{title}»: {questions} preguntas, "
            "unos {minutes} minutos. Puedes pedirme que repita, hacer una pausa o terminar cuando quieras."
        ),
        "consent": (
            "Lo que escribas se guarda y cada respuesta se evalúa con una rúbrica publicada, "
            "para poder leerla más tarde. ¿Estás de acuerdo en seguir?"
        ),
        "consent_spoken": (
            "Lo que digas se convierte en texto y se guarda, y cada respuesta se evalúa con una rúbrica publicada, "
            "para poder leerla más tarde. ¿Estás de acuerdo en seguir?"
        ),
        "consent_again": (
            "Antes de empezar necesito un sí o un no: ¿estás de acuerdo en que tus respuestas se guarden y se evalúen?"
        ),
        "declined": "Está bien. No habrá preguntas ni evaluación. Gracias por tu tiempo.",
        "warm_up": "Gracias. Empecemos con algo sencillo.",
        "next_1": "Gracias.",
        "next_2": "Entiendo, gracias.",
        "next_3": "De acuerdo.",
        "next_first": "Gracias. Vamos con la primera pregunta.",
        "next_after_skip": "No hay problema, seguimos.",
        "next_last": "Esta es la última pregunta.",
        "probe": "Gracias.",
        "repeat": "Claro. Aquí va otra vez.",
        "back_to": "Seguimos donde estábamos.",
        "hint": "Aquí tienes por dónde empezar.",
        "no_hint": (
            "No me quedan pistas para esta pregunta. Empieza por donde prefieras; una respuesta corta también vale."
        ),
        "wait": "Tómate tu tiempo. Aquí estoy.",
        "nudge": "No hay prisa. ¿Quieres que repita la pregunta o te ayudaría una pista?",
        "nudge_plain": "No hay prisa. ¿Te lo digo otra vez?",
        "move_on": "Si prefieres dejar esta pregunta, di «paso» y seguimos. Si no, empieza por donde quieras.",
        "addition": "Gracias, lo sumé a tu respuesta anterior.",
        "welcome_back": "Qué bueno que volviste.",
        "one_moment": "Un momento, por favor.",
        "time_left": "Nos quedan unos {minutes} minutos.",
        "time_nearly": "Casi no queda tiempo, así que responde en pocas palabras.",
        "your_questions": (
            "Gracias, esas eran mis preguntas. ¿Hay algo que quieras preguntarme sobre esta entrevista?"
        ),
        "answer": "Eso no puedo responderlo aquí; sí pueden quienes organizan esta entrevista.",
        "anything_else": "¿Quieres preguntar algo más?",
        "answers_done": "Hasta aquí puedo responder.",
        "your_questions_again": "¿Hay algo que quieras preguntarme sobre esta entrevista?",
        "closing": "Gracias por tu tiempo y tus respuestas. Tu informe estará listo en un momento. Hasta pronto.",
        "closing_stopped": (
            "Terminamos aquí, como pediste. Lo que dijiste queda guardado "
            "y tu informe estará listo en un momento. Hasta pronto."
        ),
        "closing_operator": (
            "Lo dejamos aquí por hoy. Lo que dijiste queda guardado "
            "y tu informe estará listo en un momento. Hasta pronto."
        ),
        "note": "Hay algo más de lo que me gustaría saber: {topic}.",
        "closing_time": (
            "Se nos acabó el tiempo y tengo que terminar aquí. Gracias por tus respuestas. "
            "Tu informe estará listo en un momento. Hasta pronto."
        ),
    },
}


def phrase(language: Language, name: str, **values: object) -> str:
    """The phrase of that name in that language; raises `KeyError` for a name that is not there."""
    return PHRASES[language][name].format(**values)


def consent_question(language: Language, channel: Channel) -> str:
    """What a candidate agrees to: the words of the question, and of the fact that it was answered with yes."""
    return phrase(language, "consent" if channel == "text" else "consent_spoken")
