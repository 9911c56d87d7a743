"""Every way in which a service fails has one name, and no name takes words along."""

import json

import aiohttp
import httpx
import openai
import pytest
from elevenlabs.core.api_error import ApiError
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

from agents.providers.causes import Cause, ServiceFault, cause_of, cause_of_words

_REQUEST = openai.AsyncOpenAI(api_key="k")._client.build_request("GET", "http://127.0.0.1")


def _caused(error: Exception, by: BaseException) -> Exception:
    error.__cause__ = by
    return error


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (APIStatusError("no", status_code=401), "key_refused"),
        (APIStatusError("no", status_code=403), "key_refused"),
        (APIStatusError("pay", status_code=402), "quota_spent"),
        (APIStatusError("slow down", status_code=429), "busy"),
        (APIStatusError("spent", status_code=429, body={"code": "insufficient_quota"}), "quota_spent"),
        (ApiError(status_code=401, body={"detail": {"status": "quota_exceeded"}}), "quota_spent"),
        (APIStatusError("down", status_code=500), "busy"),
        (APIStatusError("down", status_code=529), "busy"),
        (APIStatusError("what", status_code=400), "refused"),
        (APIStatusError("closed", status_code=1006), "broke_off"),
        (APIStatusError("closed", status_code=1008), "refused"),
        (APIStatusError("closed", status_code=-1), "broke_off"),
        (_caused(APIStatusError("no sound"), ServiceFault("quota_spent")), "quota_spent"),
        (_caused(APIStatusError("no sound"), APIError("quota_exceeded")), "quota_spent"),
        (_caused(APIStatusError("no sound"), json.JSONDecodeError("?", "", 0)), "garbage"),
        (APITimeoutError(), "timed_out"),
        (TimeoutError(), "timed_out"),
        (httpx.ReadTimeout("late"), "timed_out"),
        (httpx.ConnectError("nobody"), "unreachable"),
        (APIConnectionError("failed to connect"), "unreachable"),
        (aiohttp.ServerDisconnectedError(), "unreachable"),
        (openai.APITimeoutError(_REQUEST), "timed_out"),
        (openai.APIConnectionError(request=_REQUEST), "unreachable"),
        (ValueError("?"), "refused"),
    ],
)
def test_an_error_has_the_cause(error: Exception, cause: Cause) -> None:
    assert cause_of(error) == cause


def test_a_line_that_stood_breaks_off_where_one_that_never_did_is_unreachable() -> None:
    assert cause_of(APIConnectionError("closed"), was_connected=True) == "broke_off"
    assert cause_of(ValueError("?"), was_connected=True) == "broke_off"


def test_the_words_to_be_spoken_are_not_taken_for_the_vendor_s() -> None:
    error = APIError("no audio frames were pushed for text: Tell me about the payment quota you built.")
    assert cause_of(error, was_connected=True) == "broke_off"


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("This request exceeds your quota", "quota_spent"),
        ("Invalid API key", "key_refused"),
        ("Too many concurrent requests", "busy"),
        ("The moon is full", None),
    ],
)
def test_a_vendor_s_message_names_its_cause(words: str, cause: Cause | None) -> None:
    assert cause_of_words(words) == cause
