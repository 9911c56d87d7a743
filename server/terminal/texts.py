"""The terminal's own words, in each language."""

from agents.plans import Language

TEXTS: dict[Language, dict[str, str]] = {
    "en": {
        "place": "Question {number} of {of} · {minutes} min left",
        "time": "{minutes} min left",
        "over_time": "past the planned time",
        "paused": "Paused. Press Enter or type /resume to go on; the clock stands still.",
        "rehearsal": (
            "No language model is set up: the rehearsal interviewer asks and the rehearsal scorer judges, "
            "by fixed rules and by the words used."
        ),
        "how": "Type your answer and press Enter. /help shows what else you can do.",
        "help": (
            "Enter sends your answer; end a line with \\ to go on in the next one.\n"
            "/repeat  hear the question again      /hint    something to start from\n"
            "/skip    go on to the next question   /pause   stop the clock, /resume goes on\n"
            "/english /spanish  change language    /end     finish here and get the report\n"
            "/leave   go away and come back later (so does Ctrl-C)"
        ),
        "unknown_command": "There is no command {command}. /help lists them; to send it as it is, begin with a space.",
        "level": "{question}: level {level} of 5. {anchor}",
        "null": "{question}: not enough to judge. {reason}",
        "question": "Question {number}",
        "left": "You have left; the interview waits. Come back with: viva practise --resume {id}",
        "ended": "The interview is over.",
        "report_wait": "Your report is being made …",
        "report_late": "The report is not ready yet. It will be at {page}",
        "report_at": "The whole report, with the transcript: {page}",
        "overall": "Overall: {score} of 100 (between {low} and {high})",
        "overall_none": "Overall: not enough to judge",
        "competency_none": "      {name}: not enough to judge",
        "choose_plan": "Which interview? Type its number.",
        "plan_line": "{number}. {title}: {questions} questions, about {minutes} minutes",
        "choose_language": "In which language? {languages}",
        "not_a_choice": "Please type one of: {choices}",
        "too_little": "The answer is too short.",
        "off_topic": "The answer is about something else.",
        "not_answered": "The question was not answered.",
        "uncertain_transcript": "What was heard is too uncertain.",
        "no_evidence": "The scorer found no words of yours to rest a level on.",
        "timed_out": "The scorer did not finish in time.",
    },
    "es": {
        "place": "Pregunta {number} de {of} · quedan {minutes} min",
        "time": "quedan {minutes} min",
        "over_time": "pasó el tiempo previsto",
        "paused": "En pausa. Pulsa Enter o escribe /seguir para continuar; el reloj está detenido.",
        "rehearsal": (
            "No hay un modelo de lenguaje configurado: pregunta el entrevistador de ensayo y evalúa el evaluador de "
            "ensayo, con reglas fijas y según las palabras que uses."
        ),
        "how": "Escribe tu respuesta y pulsa Enter. Con /ayuda ves qué más puedes hacer.",
        "help": (
            "Enter envía tu respuesta; termina una línea con \\ para seguir en la siguiente.\n"
            "/repetir  la pregunta otra vez          /pista    algo por donde empezar\n"
            "/saltar   pasar a la siguiente          /pausa    detener el reloj, /seguir continúa\n"
            "/ingles /espanol  cambiar de idioma     /terminar acabar aquí y ver el informe\n"
            "/salir    irte y volver más tarde (también Ctrl-C)"
        ),
        "unknown_command": (
            "No existe el comando {command}. Con /ayuda ves los que hay; para enviarlo tal cual, "
            "empieza con un espacio."
        ),
        "level": "{question}: nivel {level} de 5. {anchor}",
        "null": "{question}: no alcanza para evaluar. {reason}",
        "question": "Pregunta {number}",
        "left": "Saliste; la entrevista te espera. Vuelve con: viva practise --resume {id}",
        "ended": "La entrevista terminó.",
        "report_wait": "Se está preparando tu informe…",
        "report_late": "El informe aún no está listo. Lo encontrarás en {page}",
        "report_at": "El informe completo, con la transcripción: {page}",
        "overall": "En conjunto: {score} de 100 (entre {low} y {high})",
        "overall_none": "En conjunto: no alcanza para evaluar",
        "competency_none": "      {name}: no alcanza para evaluar",
        "choose_plan": "¿Qué entrevista? Escribe su número.",
        "plan_line": "{number}. {title}: {questions} preguntas, unos {minutes} minutos",
        "choose_language": "¿En qué idioma? {languages}",
        "not_a_choice": "Escribe una de estas opciones: {choices}",
        "too_little": "La respuesta es demasiado corta.",
        "off_topic": "La respuesta trata de otra cosa.",
        "not_answered": "La pregunta quedó sin respuesta.",
        "uncertain_transcript": "Lo que se oyó es demasiado incierto.",
        "no_evidence": "La evaluación no encontró palabras tuyas en que apoyar un nivel.",
        "timed_out": "La evaluación no terminó a tiempo.",
    },
}


def text(language: Language, name: str, /, **values: object) -> str:
    """The text of that name in that language; raises `KeyError` for a name that is not there."""
    return TEXTS[language][name].format(**values)
