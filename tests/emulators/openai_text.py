"""OpenAI's chat completions, embeddings and models on loopback, as any compatible server speaks them.

Faults are planned for the service `openai`. `after` counts characters of the answer (bytes of a document that is not
streamed). `refuse` with status 402 is the vendor's exhausted quota, which it sends as 429; with `after`, it is an error
in the stream; `truncate` ends the stream cleanly without `[DONE]`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from tests.emulators.answering import Answer, Line, Recorded, Refused, begin, pieces, record
from tests.emulators.brain import Mind, Thought, think
from tests.emulators.counting import CHARACTERS_A_TOKEN, Account, Block, Prefixes, tokens
from tests.emulators.faults import GARBAGE, Fault, Faults
from tests.emulators.openai_vectors import embedded
from tests.emulators.prompt_reading import Prompt
from tests.emulators.schema_rules import refused_by_openai
from tests.emulators.settings import Settings

SERVICE = "openai"
MODELS = ("gpt-5", "gpt-5-mini", "gpt-5-nano", "text-embedding-3-large", "text-embedding-3-small")
"""What the list of models holds; any other name serves too, as it does on compatible servers."""
LEAST_CACHED = 1024
"""Tokens from which the beginning of a prompt is remembered, unasked."""
CREATED = 1_767_225_600

_STOPS = {"end": "stop", "length": "length", "refusal": "stop"}
_CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}
_TYPES = {429: "requests", 500: "server_error", 503: "server_error", 529: "server_error"}
_SCHEMA_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

Write = Callable[[Line, Fault | None], Awaitable[None]]


class Asked(msgspec.Struct, frozen=True):
    """A request for a completion that was understood."""

    model: str
    is_streamed: bool
    counts_usage: bool
    most_tokens: int | None
    effort: str | None
    prompt: Prompt
    blocks: tuple[Block, ...]


class OpenAI:
    """One account's service. `requests` holds what came, oldest first."""

    def __init__(self, faults: Faults, settings: Settings, mind: Mind | None = None) -> None:
        self.settings = settings
        self.mind = mind or Mind()
        self.requests: list[Recorded] = []
        self._faults = faults
        self._prefixes = Prefixes()

    def routes(self) -> list[Route]:
        return [
            Route("/v1/chat/completions", self._completions, methods=["POST"]),
            Route("/v1/embeddings", self._embeddings, methods=["POST"]),
            Route("/v1/models", self._models, methods=["GET"]),
            Route("/v1/models/{model}", self._model, methods=["GET"]),
        ]

    async def _completions(self, request: Request) -> Answer:
        recorded = await self._recorded(request)

        async def write(line: Line, fault: Fault | None) -> None:
            asked = understood(recorded.body)
            wait_ms = self.settings.first_token_ms + self.mind.think_ms.get(asked.effort or "high", 0.0)
            await begin(self._faults, fault, wait_ms)
            thought = self._thought(asked)
            usage = _usage(self._prefixes.account(asked.model, asked.blocks, LEAST_CACHED), thought)
            if asked.is_streamed:
                await self._stream(line, asked, thought, usage, fault)
            else:
                message: dict[str, Any] = {"role": "assistant", **_spoken(thought), "annotations": []}
                choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _STOPS[thought.stop]}
                whole = self._frame(asked, "chat.completion") | {"choices": [choice], "usage": usage}
                await line.json(200, self._headers(), whole, self._faults, fault)

        return self._answer(request, recorded, write)

    def _thought(self, asked: Asked) -> Thought:
        thought = think(asked.prompt, self.mind)
        most = None if asked.most_tokens is None else asked.most_tokens * CHARACTERS_A_TOKEN
        return thought if most is None or len(thought.text) <= most else Thought(thought.text[:most], "length")

    def _frame(self, asked: Asked, kind: str) -> dict[str, Any]:
        name = f"chatcmpl-{len(self.requests):020d}"
        return {"id": name, "object": kind, "created": CREATED, "model": asked.model, "service_tier": "default"}

    async def _stream(
        self, line: Line, asked: Asked, thought: Thought, usage: dict[str, Any], fault: Fault | None
    ) -> None:
        frame = self._frame(asked, "chat.completion.chunk") | ({"usage": None} if asked.counts_usage else {})
        field = "refusal" if thought.stop == "refusal" else "content"

        def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
            return _event(frame | {"choices": [choice]})

        await line.open(200, {"content-type": "text/event-stream; charset=utf-8", **self._headers()})
        await line.write(chunk({"role": "assistant", "content": "", "refusal": None}))
        async for piece in pieces(thought.text, self.settings, self._faults, fault):
            if not isinstance(piece, Fault):
                await line.write(chunk({field: piece}))
            elif piece.kind == "refuse":
                broken = Refused(piece.status, "The emulator broke off as it was told.", code=piece.code)
                await line.write(_event(_error(broken)))
                return await line.close()
            elif piece.kind == "malformed":
                await line.write(b"data: " + GARBAGE.encode() + b"\n\n")
            else:
                return await line.close()
        await line.write(chunk({}, _STOPS[thought.stop]))
        if asked.counts_usage:
            await line.write(_event(frame | {"choices": [], "usage": usage}))
        await line.write(b"data: [DONE]\n\n")
        return await line.close()

    async def _embeddings(self, request: Request) -> Answer:
        return await self._document(request, lambda recorded: embedded(recorded.body))

    async def _models(self, request: Request) -> Answer:
        return await self._document(request, lambda _: {"object": "list", "data": [_model(name) for name in MODELS]})

    async def _model(self, request: Request) -> Answer:
        def known(_: Recorded) -> Any:
            name = request.path_params["model"]
            if name not in MODELS:
                raise Refused(404, f"The model '{name}' does not exist or you do not have access to it.", param="model")
            return _model(name)

        return await self._document(request, known)

    async def _document(self, request: Request, made: Callable[[Recorded], Any]) -> Answer:
        recorded = await self._recorded(request)

        async def write(line: Line, fault: Fault | None) -> None:
            await begin(self._faults, fault)
            await line.json(200, self._headers(), made(recorded), self._faults, fault)

        return self._answer(request, recorded, write)

    async def _recorded(self, request: Request) -> Recorded:
        recorded = await record(request)
        self.requests.append(recorded)
        return recorded

    def _answer(self, request: Request, recorded: Recorded, write: Write) -> Answer:
        async def guarded(line: Line) -> None:
            try:
                if request.headers.get("authorization") != f"Bearer {self.settings.key}":
                    raise Refused(401, "Incorrect API key provided.")
                await write(line, self._faults.next(SERVICE))
            except Refused as refused:
                headers = self._headers()
                if refused.wait_s is not None:
                    headers["retry-after"] = f"{refused.wait_s:g}"
                status = 429 if refused.status == 402 else refused.status
                await line.json(status, headers, _error(refused), self._faults)

        return Answer(recorded, guarded)

    def _headers(self) -> dict[str, str]:
        return {"x-request-id": f"req_{len(self.requests):032d}", "openai-version": "2020-10-01"}


def routes(faults: Faults, settings: Settings, mind: Mind | None = None) -> list[Route]:
    """The service's routes; make an `OpenAI` instead where its `requests` are to be read."""
    return OpenAI(faults, settings, mind).routes()


def understood(body: dict[str, Any]) -> Asked:
    """The request; raises `Refused` with the vendor's reason where it would not be served."""
    model, messages = body.get("model"), body.get("messages")
    if not isinstance(model, str) or not model:
        raise Refused(400, "you must provide a model parameter")
    if not isinstance(messages, list) or not messages:
        raise Refused(
            400, "Missing required parameter: 'messages'.", param="messages", code="missing_required_parameter"
        )
    texts = [(str(message.get("role")), _text(message.get("content"))) for message in messages]
    return Asked(
        model=model,
        is_streamed=body.get("stream") is True,
        counts_usage=bool((body.get("stream_options") or {}).get("include_usage")),
        most_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
        effort=body.get("reasoning_effort"),
        prompt=Prompt(
            "\n\n".join(text for role, text in texts if role in ("system", "developer")),
            tuple((role, text) for role, text in texts if role not in ("system", "developer")),
            _schema(body.get("response_format") or {}),
        ),
        blocks=tuple(Block(f"{role}\n{text}", max(1, tokens(text)), is_marked=True) for role, text in texts),
    )


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n\n".join(str(part.get("text", "")) for part in content or [])


def _schema(wanted: dict[str, Any]) -> dict[str, Any] | None:
    if wanted.get("type") != "json_schema":
        return None
    param, told = "response_format", wanted.get("json_schema") or {}
    if not _SCHEMA_NAME.fullmatch(str(told.get("name", ""))):
        raise Refused(400, "Missing or invalid parameter: 'response_format.json_schema.name'.", param=param)
    schema = told.get("schema")
    if not isinstance(schema, dict):
        raise Refused(400, "Missing required parameter: 'response_format.json_schema.schema'.", param=param)
    reason = refused_by_openai(schema) if told.get("strict") else None
    if reason is not None:
        raise Refused(400, f"Invalid schema for response_format '{told['name']}': {reason}.", param=param)
    return schema


def _spoken(thought: Thought) -> dict[str, str | None]:
    is_refusal = thought.stop == "refusal"
    return {"content": None if is_refusal else thought.text, "refusal": thought.text if is_refusal else None}


def _usage(account: Account, thought: Thought) -> dict[str, Any]:
    output = tokens(thought.text)
    return {
        "prompt_tokens": account.whole,
        "completion_tokens": output,
        "total_tokens": account.whole + output,
        "prompt_tokens_details": {"cached_tokens": account.read, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def _event(body: dict[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(body) + b"\n\n"


def _error(refused: Refused) -> dict[str, Any]:
    status, code = refused.status, refused.code
    if status == 402:
        code = code or "insufficient_quota"
    kind = "insufficient_quota" if code == "insufficient_quota" else _TYPES.get(status, "invalid_request_error")
    return {
        "error": {"message": str(refused), "type": kind, "param": refused.param, "code": code or _CODES.get(status)}
    }


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "system"}
