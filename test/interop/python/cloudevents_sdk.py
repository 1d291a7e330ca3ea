"""The SDK of CloudEvents, with urllib between it and the server."""

import json
import urllib.error
import urllib.request
from typing import Any

from cloudevents.core.bindings.http import (
    HTTPMessage,
    from_http_event,
    to_binary_event,
    to_structured_event,
)
from cloudevents.core.v1.event import CloudEvent
from cloudevents.v1.http import CloudEvent as OldCloudEvent
from cloudevents.v1.http import from_http, to_binary, to_structured

from checks import Server, check, equal, main
from tensors import IRIS, IRIS_LABELS

ATTRIBUTES = {"type": "com.example.measured", "source": "/gardens/7"}
DATA = {"instances": IRIS.tolist()}


def post(server: Server, headers: dict[str, str], body: bytes) -> tuple[Any, bytes]:
    url = f"{server.http}/v1/models/iris:predict"
    request = urllib.request.Request(url, body, headers)
    with urllib.request.urlopen(request) as response:
        return {key.lower(): value for key, value in response.headers.items()}, (
            response.read()
        )


def labels(data: Any) -> list[int]:
    parsed = json.loads(data) if isinstance(data, (str, bytes)) else data
    return [each["label"] for each in parsed["predictions"]]


def send(server: Server, message: HTTPMessage) -> Any:
    headers, body = post(server, dict(message.headers), message.body)
    return from_http_event(HTTPMessage(headers, body))


@check("binary mode: the answer is an event of its own")
def binary(server: Server) -> None:
    event = CloudEvent(dict(ATTRIBUTES), DATA)
    answer = send(server, to_binary_event(event))
    equal(labels(answer.get_data()), IRIS_LABELS)
    equal(answer.get_specversion(), "1.0")
    equal(answer.get_type(), "io.kserve.inference.response")
    equal(answer.get_source(), "io.kserve.inference.iris")
    assert answer.get_id() and answer.get_id() != event.get_id()
    assert answer.get_time() is not None


@check("structured mode: the answer is an event of its own")
def structured(server: Server) -> None:
    event = CloudEvent(dict(ATTRIBUTES), DATA)
    answer = send(server, to_structured_event(event))
    equal(labels(answer.get_data()), IRIS_LABELS)
    equal(answer.get_source(), "io.kserve.inference.iris")
    assert answer.get_id() != event.get_id()


@check("structured mode: data as bytes goes in base64")
def base64(server: Server) -> None:
    attributes = {**ATTRIBUTES, "datacontenttype": "application/json"}
    message = to_structured_event(CloudEvent(attributes, json.dumps(DATA).encode()))
    assert b"data_base64" in message.body, message.body
    headers, body = post(server, dict(message.headers), message.body)
    equal(labels(json.loads(body)["data"]), IRIS_LABELS)


@check("binary mode: optional attributes and extensions")
def extensions(server: Server) -> None:
    attributes = {**ATTRIBUTES, "subject": "Grüße", "partitionkey": "a b"}
    answer = send(server, to_binary_event(CloudEvent(attributes, DATA)))
    equal(labels(answer.get_data()), IRIS_LABELS)


@check("the interface of version 1 of the SDK: binary mode")
def old_binary(server: Server) -> None:
    headers, body = to_binary(OldCloudEvent(dict(ATTRIBUTES), DATA))
    answer = from_http(*post(server, dict(headers), body))
    equal(labels(answer.data), IRIS_LABELS)
    equal(answer["source"], "io.kserve.inference.iris")


@check("the interface of version 1 of the SDK: structured mode")
def old_structured(server: Server) -> None:
    headers, body = to_structured(OldCloudEvent(dict(ATTRIBUTES), DATA))
    answer = from_http(*post(server, dict(headers), body))
    equal(labels(answer.data), IRIS_LABELS)
    equal(answer["specversion"], "1.0")


@check("an event without identifier is refused")
def refused(server: Server) -> None:
    message = to_binary_event(CloudEvent(dict(ATTRIBUTES), DATA))
    headers = {key: value for key, value in message.headers.items() if key != "ce-id"}
    try:
        post(server, headers, message.body)
    except urllib.error.HTTPError as error:
        equal(error.code, 400)
        assert json.loads(error.read())["error"]
    else:
        raise AssertionError("it was accepted")


if __name__ == "__main__":
    main()
