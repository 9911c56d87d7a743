"""What a speech service sends is looked at before its plugin sees it."""

import pytest

from agents.providers.causes import Cause, ServiceFault
from agents.providers.sockets import check

_RESULTS = (
    '{"type":"Results","is_final":true,"speech_final":true,"metadata":{"request_id":"r"},"channel":{"alternatives":'
    '[{"transcript":"yes","confidence":0.9,"words":[{"word":"yes","start":0.1,"end":0.4,"confidence":0.9}]}]}}'
)


@pytest.mark.parametrize(
    "text",
    [
        _RESULTS,
        '{"type":"SpeechStarted","channel":[0],"timestamp":1.0}',
        '{"type":"TurnInfo","event":"Update","transcript":"","words":[]}',
        '{"audio":"AAAA","contextId":"c","isFinal":null,"normalizedAlignment":null}',
        '{"error":"quota_exceeded","contextId":"c"}',
    ],
)
def test_messages_of_the_services_pass(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "text", ['{"type": "Resul', "", "[]", "7", '{"type":"Results","is_final":true}', '{"type":"TurnInfo"}']
)
def test_garbage_ends_the_connection(text: str) -> None:
    with pytest.raises(ServiceFault) as found:
        check(text)
    assert found.value.cause == "garbage"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ('{"error":"quota_exceeded","message":"spent","code":1008}', "quota_spent"),
        ('{"message":"Invalid API key","error":"invalid_api_key","code":1008}', "key_refused"),
        ('{"type":"Error","description":"too many requests","code":"RATE"}', "busy"),
        ('{"type":"Error","description":"Something else"}', "refused"),
    ],
)
def test_an_error_of_the_whole_connection_ends_it_with_its_cause(text: str, cause: Cause) -> None:
    with pytest.raises(ServiceFault) as found:
        check(text)
    assert found.value.cause == cause
    assert "spent" not in str(found.value).replace("quota_spent", "")
