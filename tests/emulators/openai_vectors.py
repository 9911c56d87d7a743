"""Embeddings without a model: words and their parts are hashed into a unit vector, so that like texts lie near."""

import base64
import hashlib
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.emulators.answering import Refused
from tests.emulators.counting import tokens

MOST_INPUTS = 2_048
MOST_TOKENS_EACH = 8_192
MOST_TOKENS = 300_000
DIMENSIONS = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536}

_WORD = re.compile(r"\w+")


def embedded(body: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request for embeddings; raises `Refused` where the vendor would refuse it."""
    model = str(body.get("model", ""))
    if model not in DIMENSIONS:
        raise Refused(404, f"The model '{model}' does not exist or you do not have access to it.", param="model")
    inputs = _inputs(body.get("input"))
    count = sum(_counted(each) for each in inputs)
    if count > MOST_TOKENS:
        raise Refused(400, f"Requested {count} tokens, max {MOST_TOKENS} tokens per request", param="input")
    width = _width(model, body.get("dimensions"))
    as_base64 = body.get("encoding_format") == "base64"
    return {
        "object": "list",
        "model": model,
        "data": [
            {"object": "embedding", "index": at, "embedding": _encoded(vector(each, width), as_base64=as_base64)}
            for at, each in enumerate(inputs)
        ],
        "usage": {"prompt_tokens": count, "total_tokens": count},
    }


def vector(text: str | list[int], width: int) -> NDArray[np.float32]:
    """A unit vector: words whole, and in pieces of three letters for half their weight; short words count little."""
    values = np.zeros(width)
    for feature, weight in _features(text):
        place, sign = divmod(_hashed(feature), 2)
        values[place % width] += weight if sign else -weight
    length = float(np.linalg.norm(values))
    if not length:
        # Features that cancelled out, or none at all: still a direction of its own.
        values[_hashed(str(text)) % width] = length = 1.0
    return (values / length).astype(np.float32)


def _hashed(feature: str) -> int:
    return int.from_bytes(hashlib.blake2b(feature.encode(), digest_size=8).digest(), "big")


def _features(text: str | list[int]) -> list[tuple[str, float]]:
    if isinstance(text, list):
        return [(f"token {token}", 1.0) for token in text]
    found: list[tuple[str, float]] = []
    for word in _WORD.findall(text.casefold()):
        weight = 1.0 if len(word) > 3 else 0.2
        found.append((word, weight))
        edged = f"<{word}>"
        found += [(edged[at : at + 3], weight / 2) for at in range(len(edged) - 2)]
    return found


def _inputs(given: Any) -> list[str | list[int]]:
    inputs = [given] if isinstance(given, str) or (given and isinstance(given[0], int)) else given
    if not isinstance(inputs, list) or not inputs:
        raise Refused(400, "'$.input' is invalid. Please check the API reference.", param="input")
    if len(inputs) > MOST_INPUTS:
        raise Refused(400, f"'$.input' is too long. Expected at most {MOST_INPUTS} items.", param="input")
    for each in inputs:
        if not each:
            raise Refused(400, "'$.input' is invalid. It cannot hold an empty string.", param="input")
        if _counted(each) > MOST_TOKENS_EACH:
            message = (
                f"This model's maximum context length is {MOST_TOKENS_EACH} tokens; you requested {_counted(each)}."
            )
            raise Refused(400, message, param="input")
    return inputs


def _counted(each: str | list[int]) -> int:
    return len(each) if isinstance(each, list) else tokens(each)


def _width(model: str, asked: Any) -> int:
    most = DIMENSIONS[model]
    if asked is None:
        return most
    if not model.startswith("text-embedding-3"):
        raise Refused(400, "This model does not support specifying dimensions.", param="dimensions")
    if not isinstance(asked, int) or not 1 <= asked <= most:
        raise Refused(400, f"Invalid value for 'dimensions': it must be between 1 and {most}.", param="dimensions")
    return asked


def _encoded(values: NDArray[np.float32], *, as_base64: bool) -> str | list[float]:
    if as_base64:
        return base64.b64encode(values.astype("<f4").tobytes()).decode()
    return [float(value) for value in values]
