"""Anthropic's Messages API on loopback: streaming, structured output, prompt caching, batches, and its errors.

Faults are planned for the service `anthropic`. `after` counts characters of the answer (bytes of a document that is
not streamed). `refuse` with `after` is the vendor's `event: error` in mid-stream; `truncate` ends the stream cleanly
without its closing events.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from tests.emulators.answering import Answer, Line, Recorded, Refused, begin, pieces, record
from tests.emulators.anthropic_batches import Batch, Batches
from tests.emulators.anthropic_requests import Asked, understood
from tests.emulators.brain import Mind, Thought, think
from tests.emulators.counting import CHARACTERS_A_TOKEN, Prefixes, tokens
from tests.emulators.faults import GARBAGE, Fault, Faults
from tests.emulators.settings import Settings

SERVICE = "anthropic"
MODELS = (
    "claude-opus-5-5",
    "claude-sonnet-5-5",
    "claude-haiku-5-5",
    "claude-opus-4-8",
    "claude-sonnet-4-6",
    "claude-haiku-4-5",
)
"""What the list of models holds; any other name that begins with `claude-` serves too."""

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_STOPS = {"end": "end_turn", "length": "max_tokens", "refusal": "refusal"}

Write = Callable[[Line, Fault | None], Awaitable[None]]


class Anthropic:
    """One account's service. `requests` holds what came, oldest first."""

    def __init__(self, faults: Faults, settings: Settings, mind: Mind | None = None) -> None:
        self.settings = settings
        self.mind = mind or Mind()
        self.requests: list[Recorded] = []
        self.batches = Batches()
        self._faults = faults
        self._prefixes = Prefixes()
        self._answered = 0

    def routes(self) -> list[Route]:
        one = "/v1/messages/batches/{batch}"
        return [
            Route("/v1/messages", self._messages, methods=["POST"]),
            Route("/v1/messages/batches", self._create_batch, methods=["POST"]),
            Route("/v1/messages/batches", self._list_batches, methods=["GET"]),
            Route(one, self._retrieve_batch, methods=["GET"]),
            Route(one + "/cancel", self._cancel_batch, methods=["POST"]),
            Route(one + "/results", self._batch_results, methods=["GET"]),
            Route("/v1/models", self._models, methods=["GET"]),
            Route("/v1/models/{model}", self._model, methods=["GET"]),
        ]

    # --- messages -----------------------------------------------------------------------------------------------

    async def _messages(self, request: Request) -> Answer:
        recorded = await self._recorded(request)

        async def write(line: Line, fault: Fault | None) -> None:
            asked = understood(recorded.body)
            await begin(self._faults, fault, self._wait_ms(asked))
            thought = self._thought(asked)
            if asked.is_streamed:
                await self._stream(line, asked, thought, fault)
            else:
                message = self._message(asked, thought)
                await line.json(200, self._headers(), message, self._faults, fault)

        return self._answer(request, recorded, write)

    def _wait_ms(self, asked: Asked) -> float:
        return self.settings.first_token_ms + self.mind.think_ms.get(asked.effort or "high", 0.0)

    def _thought(self, asked: Asked) -> Thought:
        thought = think(asked.prompt, self.mind)
        most = asked.max_tokens * CHARACTERS_A_TOKEN
        return thought if len(thought.text) <= most else Thought(thought.text[:most], "length")

    def _message(self, asked: Asked, thought: Thought, tier: str = "standard") -> dict[str, Any]:
        """The whole answer, counted."""
        self._answered += 1
        account = self._prefixes.account(asked.model, asked.blocks, asked.least_cached)
        return {
            "id": f"msg_{self._answered:024d}",
            "type": "message",
            "role": "assistant",
            "model": asked.model,
            "content": [{"type": "text", "text": thought.text}],
            "stop_reason": _STOPS[thought.stop],
            "stop_sequence": None,
            "stop_details": {"type": "refusal", "category": None, "explanation": None}
            if thought.stop == "refusal"
            else None,
            "usage": {
                "input_tokens": account.fresh,
                "cache_creation_input_tokens": account.created,
                "cache_read_input_tokens": account.read,
                "cache_creation": {"ephemeral_5m_input_tokens": account.created, "ephemeral_1h_input_tokens": 0},
                "output_tokens": tokens(thought.text),
                "service_tier": tier,
            },
        }

    async def _stream(self, line: Line, asked: Asked, thought: Thought, fault: Fault | None) -> None:
        message = self._message(asked, thought)
        await line.open(200, {"content-type": "text/event-stream; charset=utf-8", **self._headers()})
        begun = message | {"content": [], "stop_reason": None, "usage": message["usage"] | {"output_tokens": 1}}
        await line.write(_event("message_start", message=begun))
        await line.write(_event("content_block_start", index=0, content_block={"type": "text", "text": ""}))
        await line.write(_event("ping"))
        async for piece in pieces(thought.text, self.settings, self._faults, fault):
            if not isinstance(piece, Fault):
                await line.write(_event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece}))
            elif piece.kind == "refuse":
                body = _error(Refused(piece.status, "The emulator broke off as it was told.", code=piece.code))
                await line.write(_event("error", **body))
                return await line.close()
            elif piece.kind == "malformed":
                await line.write(b"event: content_block_delta\ndata: " + GARBAGE.encode() + b"\n\n")
            else:
                return await line.close()
        await line.write(_event("content_block_stop", index=0))
        ending = {key: message[key] for key in ("stop_reason", "stop_sequence", "stop_details")}
        await line.write(_event("message_delta", delta=ending, usage=message["usage"]))
        await line.write(_event("message_stop"))
        return await line.close()

    # --- batches ------------------------------------------------------------------------------------------------

    async def _create_batch(self, request: Request) -> Answer:
        def made(recorded: Recorded) -> Any:
            return self.batches.create(recorded.body).summary(str(request.base_url))

        return await self._document(request, made)

    async def _list_batches(self, request: Request) -> Answer:
        def listed(_: Recorded) -> Any:
            return _page([batch.summary(str(request.base_url)) for batch in self.batches.newest_first()])

        return await self._document(request, listed)

    async def _retrieve_batch(self, request: Request) -> Answer:
        def retrieved(_: Recorded) -> Any:
            return self._batch(request).retrieved().summary(str(request.base_url))

        return await self._document(request, retrieved)

    async def _cancel_batch(self, request: Request) -> Answer:
        def cancelled(_: Recorded) -> Any:
            return self._batch(request).cancelled().summary(str(request.base_url))

        return await self._document(request, cancelled)

    async def _batch_results(self, request: Request) -> Answer:
        def results(_: Recorded) -> bytes:
            lines = self._batch(request).results(self._batch_result)
            return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)

        return await self._document(request, results)

    def _batch(self, request: Request) -> Batch:
        return self.batches.named(request.path_params["batch"])

    def _batch_result(self, params: dict[str, Any]) -> dict[str, Any]:
        try:
            asked = understood(params)
        except Refused as refused:
            return {"type": "errored", "error": _error(refused)}
        return {"type": "succeeded", "message": self._message(asked, self._thought(asked), "batch")}

    # --- models, and what every request shares ------------------------------------------------------------------

    async def _models(self, request: Request) -> Answer:
        return await self._document(request, lambda _: _page([_model(name) for name in MODELS]))

    async def _model(self, request: Request) -> Answer:
        def known(_: Recorded) -> Any:
            name = request.path_params["model"]
            if name not in MODELS:
                raise Refused(404, f"model: {name}")
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
                self._admit(request)
                await write(line, self._faults.next(SERVICE))
            except Refused as refused:
                headers = self._headers()
                if refused.wait_s is not None:
                    headers["retry-after"] = f"{refused.wait_s:g}"
                body = _error(refused, headers["request-id"])
                await line.json(refused.status, headers, body, self._faults)

        return Answer(recorded, guarded)

    def _admit(self, request: Request) -> None:
        if request.headers.get("x-api-key") != self.settings.key:
            raise Refused(401, "invalid x-api-key")
        if "anthropic-version" not in request.headers:
            raise Refused(400, "anthropic-version: header is required")

    def _headers(self) -> dict[str, str]:
        return {"request-id": f"req_{len(self.requests):024d}", "anthropic-organization-id": "emulated"}


def routes(faults: Faults, settings: Settings, mind: Mind | None = None) -> list[Route]:
    """The service's routes; make an `Anthropic` instead where its `requests` are to be read."""
    return Anthropic(faults, settings, mind).routes()


def _event(name: str, **fields: Any) -> bytes:
    return f"event: {name}\ndata: ".encode() + msgspec.json.encode({**fields, "type": name}) + b"\n\n"


def _error(refused: Refused, request_id: str | None = None) -> dict[str, Any]:
    kind = refused.code or _TYPES.get(refused.status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": str(refused)}, "request_id": request_id}


def _model(name: str) -> dict[str, Any]:
    line = name.split("-")[1]
    return {
        "type": "model",
        "id": name,
        "display_name": name.replace("-", " ").title(),
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "active",
        "line": line,
    }


def _page(data: Sequence[dict[str, Any]]) -> dict[str, Any]:
    ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {"first_id": None, "last_id": None}
    return {"data": data, "has_more": False, **ends}
