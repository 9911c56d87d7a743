"""What a request to Anthropic's Messages API asks, or why it is refused."""

from collections.abc import Iterator
from typing import Any

import msgspec

from tests.emulators.answering import Refused
from tests.emulators.counting import Block, tokens
from tests.emulators.prompt_reading import Prompt
from tests.emulators.schema_rules import refused_by_anthropic

MOST_MARKS = 4
EFFORTS = ("low", "medium", "high", "xhigh", "max")
_LEAST_CACHED = {"claude-haiku-4-5": 4096, "claude-opus-4-": 4096, "claude-sonnet-4-6": 2048}
"""Tokens of the shortest prefix that is remembered, by how the model's name begins; 1,024 for any other."""
_WITHOUT_EFFORT = ("claude-haiku-4", "claude-sonnet-4-0", "claude-sonnet-4-5", "claude-opus-4-0", "claude-opus-4-1")
"""Models, by how their names begin, that take no `effort`."""
_SAMPLING = ("temperature", "top_p", "top_k")


class Asked(msgspec.Struct, frozen=True):
    """A request that was understood."""

    model: str
    max_tokens: int
    is_streamed: bool
    effort: str | None
    prompt: Prompt
    blocks: tuple[Block, ...]
    """Everything that the model reads, in its order: tools, system, messages."""

    @property
    def least_cached(self) -> int:
        return next((least for name, least in _LEAST_CACHED.items() if self.model.startswith(name)), 1024)


def understood(body: dict[str, Any]) -> Asked:
    """The request; raises `Refused` with the vendor's reason where it would not be served."""
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise Refused(400, "model: Field required")
    max_tokens = body.get("max_tokens")
    if not isinstance(max_tokens, int):
        raise Refused(400, "max_tokens: Field required")
    if max_tokens < 1:
        raise Refused(400, f"max_tokens: {max_tokens} is not at least 1")
    if not model.startswith("claude-"):
        raise Refused(404, f"model: {model}")
    _refuse_options(body)
    effort, schema = _output(body.get("output_config") or {})
    if effort is not None and model.startswith(_WITHOUT_EFFORT):
        raise Refused(400, "This model does not support the effort parameter.")
    messages = tuple(_messages(body.get("messages")))
    return Asked(
        model=model,
        max_tokens=max_tokens,
        is_streamed=body.get("stream") is True,
        effort=effort,
        prompt=Prompt(_joined(body.get("system") or [], "system"), messages, schema),
        blocks=tuple(_blocks(body)),
    )


def _refuse_options(body: dict[str, Any]) -> None:
    for name in _SAMPLING:
        if name in body:
            raise Refused(400, f"`{name}` is not supported for this model.")
    if (body.get("tool_choice") or {}).get("type") in ("any", "tool"):
        raise Refused(400, 'tool_choice: forcing the use of a tool ("any", "tool") is not supported for this model.')


def _output(config: dict[str, Any]) -> tuple[str | None, dict[str, Any] | None]:
    effort = config.get("effort")
    if effort is not None and effort not in EFFORTS:
        raise Refused(400, f"output_config.effort: Input should be one of {', '.join(EFFORTS)}")
    wanted = config.get("format")
    if wanted is None:
        return effort, None
    if wanted.get("type") != "json_schema":
        raise Refused(400, "output_config.format.type: Input should be 'json_schema'")
    schema = wanted.get("schema")
    if not isinstance(schema, dict):
        raise Refused(400, "output_config.format.schema: Field required")
    reason = refused_by_anthropic(schema)
    if reason is not None:
        raise Refused(400, f"output_config.format.schema: {reason}")
    return effort, schema


def _messages(messages: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(messages, list) or not messages:
        raise Refused(400, "messages: at least one message is required")
    for at, message in enumerate(messages):
        role = message.get("role")
        if role not in ("user", "assistant"):
            raise Refused(400, f"messages.{at}.role: Input should be 'user' or 'assistant'")
        text = _joined(message.get("content") or [], f"messages.{at}")
        if not text:
            raise Refused(400, f"messages.{at}: all messages must have non-empty content")
        yield role, text
    if messages[0]["role"] != "user":
        raise Refused(400, 'messages: first message must use the "user" role')
    if messages[-1]["role"] == "assistant":
        raise Refused(
            400,
            "This model does not support assistant message prefill. The conversation must end with a user message.",
        )


def _joined(content: Any, where: str) -> str:
    return "\n\n".join(part["text"] for part in _parts(content, where))


def _parts(content: Any, where: str) -> list[dict[str, Any]]:
    """The text blocks; a plain string is one."""
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    for part in parts:
        if part.get("type") != "text":
            raise Refused(400, f"{where}: the emulator reads text blocks alone")
        if not str(part.get("text", "")).strip():
            raise Refused(400, f"{where}: text content blocks must contain non-whitespace text")
    return list(parts)


def _blocks(body: dict[str, Any]) -> Iterator[Block]:
    blocks = [(tool, msgspec.json.encode(tool).decode()) for tool in body.get("tools") or []]
    blocks += [(part, part["text"]) for part in _parts(body.get("system") or [], "system")]
    for at, message in enumerate(body["messages"]):
        for part in _parts(message["content"], f"messages.{at}"):
            blocks.append((part | {"role": message["role"]}, part["text"]))
    marks = [part.get("cache_control") for part, _ in blocks]
    if body.get("cache_control") and not marks[-1]:
        marks[-1] = body["cache_control"]
    count = sum(mark is not None for mark in marks)
    if count > MOST_MARKS:
        raise Refused(400, f"A maximum of {MOST_MARKS} blocks with cache_control may be provided. Found {count}.")
    for (part, text), mark in zip(blocks, marks, strict=True):
        bare = {key: value for key, value in part.items() if key != "cache_control"}
        content = msgspec.json.encode(bare, order="sorted").decode()
        ttl_s = 3600.0 if (mark or {}).get("ttl") == "1h" else 300.0
        yield Block(content, max(1, tokens(text)), mark is not None, ttl_s)
