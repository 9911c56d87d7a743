"""The live interview's WebSocket as an AsyncAPI 3.0 document, made from the structs of `viva.v1`."""

from typing import Any, get_args

import msgspec

from server.live import protocol

REF = "#/components/schemas/{name}"


def document(version: str) -> dict[str, Any]:
    """The document. `version` is the product's; the protocol's own is in its name."""
    incoming = get_args(protocol.ClientMessage)
    outgoing = get_args(protocol.ServerMessage)
    _, schemas = msgspec.json.schema_components([*incoming, *outgoing], ref_template=REF)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"Viva live interview, {protocol.SUBPROTOCOL}",
            "version": version,
            "description": "One WebSocket holds one interview. Text frames are JSON messages told apart by "
            "`type`; binary frames are audio, PCM s16le, mono, 16 kHz (20 ms from the client, 40 ms from the server), "
            "where the channel is voice. "
            f"The first message is `hello`, within {protocol.HELLO_WITHIN_S:g} seconds.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "live": {
                "address": "/live",
                "title": "A live interview",
                "description": f"WebSocket subprotocol `{protocol.SUBPROTOCOL}`.",
                "messages": {name(m): {"$ref": f"#/components/messages/{name(m)}"} for m in incoming + outgoing},
                "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
                "x-close-codes": protocol.CLOSE_CODES,
            }
        },
        "operations": {
            "fromClient": _operation("receive", "What the client sends.", incoming),
            "toClient": _operation("send", "What the server sends.", outgoing),
        },
        "components": {"messages": {name(m): _message(m) for m in incoming + outgoing}, "schemas": schemas},
    }


def name(message: type[msgspec.Struct]) -> str:
    """A message's `type`, such as `reply.delta`."""
    return str(message.__struct_config__.tag)


def _operation(action: str, summary: str, messages: tuple[type[msgspec.Struct], ...]) -> dict[str, Any]:
    return {
        "action": action,
        "summary": summary,
        "channel": {"$ref": "#/channels/live"},
        "messages": [{"$ref": f"#/channels/live/messages/{name(m)}"} for m in messages],
    }


def _message(message: type[msgspec.Struct]) -> dict[str, Any]:
    summary = (message.__doc__ or "").strip().partition("\n")[0]
    described = {
        "name": name(message),
        "contentType": "application/json",
        "payload": {"$ref": REF.format(name=message.__name__)},
    }
    return described | ({"summary": summary} if summary else {})
