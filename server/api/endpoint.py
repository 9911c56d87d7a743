"""One declaration for each thing the API does: from it come the route, the checks, and the document of it."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from msgspec import inspect
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agents.workshop.beside import beside
from server.errors import (
    FieldError,
    ForeignHost,
    ForeignOrigin,
    InternalError,
    InvalidBody,
    InvalidQuery,
    MalformedId,
    MalformedJson,
    NotOpenToNetwork,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
    VivaError,
)
from server.principal import SAFE_METHODS, Principal, principal
from server.services import Services

BodyT = TypeVar("BodyT")
QueryT = TypeVar("QueryT")

YAML = "application/yaml"
_YAML_NAMES = frozenset({YAML, "application/x-yaml", "text/yaml", "text/x-yaml"})

_encoder = msgspec.json.Encoder()
_PLACE = re.compile(r"^(?P<said>.*?)(?: - at (?:`key` in )?`(?P<path>[^`]*)`)?$", re.DOTALL)


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where no body or no query parameter belongs."""


NOTHING = Nothing()


@dataclass(frozen=True, slots=True)
class Call(Generic[BodyT, QueryT]):
    """What a handler is given: who asks, and what was sent, read and checked."""

    services: Services
    principal: Principal
    body: BodyT
    query: QueryT
    params: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    """By their names in lower case."""

    def id(self, name: str, what: str) -> UUID:
        """The id in the address under that name. Raises `MalformedId`, which calls it the id of `what`."""
        try:
            return UUID(self.params[name])
        except ValueError:
            raise MalformedId(what) from None


@dataclass(frozen=True, slots=True)
class Answer:
    """A body with headers of its own, such as `Location`."""

    body: msgspec.Struct
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[BodyT, QueryT]):
    """`path` is the whole template; `name` is unique; `answer` is the struct of the answer's body.

    `errors` are those of its own; what its shape can lead to (a body that is not JSON, say) is added.
    """

    method: str
    path: str
    name: str
    summary: str
    handle: Callable[[Call[BodyT, QueryT]], Awaitable[msgspec.Struct | Answer]]
    answer: type[msgspec.Struct]
    body: type[BodyT]
    query: type[QueryT]
    status: int = 200
    errors: tuple[type[VivaError], ...] = ()
    reads_yaml: Callable[[bytes], BodyT] | None = None
    """Reads the body where it comes as YAML."""
    writes_yaml: Callable[[Any], str] | None = None
    """Writes the answer's body for who accepts YAML rather than JSON."""

    @property
    def has_body(self) -> bool:
        return self.body is not Nothing

    @property
    def params(self) -> tuple[str, ...]:
        """Names of the parameters in the path."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def all_errors(self) -> tuple[type[VivaError], ...]:
        """Every error it can answer with."""
        found: list[type[VivaError]] = [NotOpenToNetwork, ForeignHost, InvalidQuery, TooLarge]
        if self.method not in SAFE_METHODS:
            found.append(ForeignOrigin)
        if self.has_body:
            found += [MalformedJson, UnsupportedMediaType, InvalidBody]
        if any(name.endswith("_id") for name in self.params):
            found.append(MalformedId)
        return (*found, *self.errors, InternalError, Unavailable)

    def route(self) -> Route:
        """The route that serves it."""
        decoder = msgspec.json.Decoder(self.body)

        async def serve(request: Request) -> Response:
            who = await principal(request)
            call = Call(
                services=request.app.state.services,
                principal=who,
                body=await self._body(request, decoder) if self.has_body else self.body(),
                query=read_query(request, self.query),
                params=request.path_params,
                headers=request.headers,
            )
            given = await self.handle(call)
            answer = given if isinstance(given, Answer) else Answer(given)
            if self.writes_yaml is None:
                return json_response(answer.body, self.status, answer.headers)
            headers = {**answer.headers, "Vary": "Accept"}
            if accepts_yaml(request.headers.get("accept", "")):
                return Response(await beside(self.writes_yaml, answer.body), self.status, headers, YAML)
            return json_response(answer.body, self.status, headers)

        return Route(self.path, serve, methods=[self.method], name=self.name)

    async def _body(self, request: Request, decoder: msgspec.json.Decoder[BodyT]) -> BodyT:
        if self.reads_yaml is not None and media_type(request) == YAML:
            return await beside(self.reads_yaml, await request.body())
        return await read_body(request, decoder)


def media_type(request: Request) -> str:
    """What a request says that its body is; YAML under its one registered name."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return YAML if media in _YAML_NAMES else media


def accepts_yaml(accept: str) -> bool:
    """Whether an `Accept` header asks for YAML before JSON."""
    for each in accept.lower().split(","):
        media = each.partition(";")[0].strip()
        if media in _YAML_NAMES or media == "application/json":
            return media != "application/json"
    return False


def json_response(body: msgspec.Struct, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A struct as JSON."""
    return Response(_encoder.encode(body), status, dict(headers or {}), "application/json")


async def read_body(request: Request, decoder: msgspec.json.Decoder[BodyT]) -> BodyT:
    """The body as the decoder's type. Raises `UnsupportedMediaType`, `MalformedJson` or `InvalidBody`."""
    if media_type(request) != "application/json":
        raise UnsupportedMediaType
    raw = await request.body()
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        fault = _fault(str(error), decoder.type, "$")
        raise InvalidBody(f"In the body, {_sentence(fault)}", errors=(fault,)) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = "The body is empty" if not raw.strip() else "The body is not JSON in UTF-8"
        raise MalformedJson(f"{said}. Send one JSON object.") from None


def read_query(request: Request, shape: type[QueryT]) -> QueryT:
    """The query parameters as a struct. Raises `InvalidQuery`."""
    given = dict(request.query_params)
    if len(given) != len(request.query_params.multi_items()):
        raise InvalidQuery("A query parameter is given twice. Give each one once.")
    try:
        return msgspec.convert(given, shape, strict=False)
    except msgspec.ValidationError as error:
        fault = _fault(str(error), shape, "?")
        raise InvalidQuery(f"In the address, {_sentence(fault)}", errors=(fault,)) from None


def _fault(message: str, shape: Any, root: str) -> FieldError:
    """msgspec's message with its place; `$.plan` in a body, `?limit` in a query."""
    place = _PLACE.match(message)
    said, path = (place["said"], place["path"] or "$") if place else (message, "$")
    if said.startswith("Invalid enum value"):
        allowed = _allowed(shape, path)
        said = f"should be one of {', '.join(allowed)}" if allowed else "has a value that is not known"
    elif said.startswith("Object contains unknown field"):
        fields = ", ".join(item.encode_name for item in msgspec.structs.fields(shape)) if path == "$" else ""
        said = said.replace("Object contains", "has an") + (f"; known are {fields or 'none'}" if path == "$" else "")
    elif said.startswith("Object missing required field"):
        said = said.replace("Object missing required field", "lacks the field")
    else:
        said = said[:1].lower() + said[1:]
    if root == "?":
        path = "?" + path.removeprefix("$").removeprefix(".")
    return FieldError(path, said)


def _sentence(fault: FieldError) -> str:
    return f"`{fault.path}` is wrong: {fault.message}. Correct it and send it again."


def _allowed(shape: Any, path: str) -> tuple[str, ...]:
    """The values that a field of literals takes."""
    found: inspect.Type = inspect.type_info(shape)
    for name in path.split(".")[1:]:
        if not isinstance(found, inspect.StructType):
            return ()
        found = next((item.type for item in found.fields if item.encode_name == name), found)
    members = found.types if isinstance(found, inspect.UnionType) else (found,)
    return tuple(str(v) for m in members if isinstance(m, inspect.LiteralType) for v in m.values)


def status_phrase(status: int) -> str:
    """The standard name of a status, such as `Created`."""
    return HTTPStatus(status).phrase
