"""Who one is here."""

from uuid import UUID

import msgspec

from server.api.endpoint import Call, Endpoint, Nothing


class Me(msgspec.Struct, frozen=True):
    """The person a request is from, and the tenant they work in."""

    user_id: UUID
    tenant_id: UUID
    roles: tuple[str, ...]


async def me(call: Call[Nothing, Nothing]) -> Me:
    who = call.principal
    return Me(who.user_id, who.tenant_id, who.roles)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/v1/me",
        name="me",
        summary="Who I am here",
        handle=me,
        answer=Me,
        body=Nothing,
        query=Nothing,
    ),
)
