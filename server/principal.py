"""Who asks: the one seam where sign-in will come. Today it is the local owner.

Without sign-in, whoever can send a request is the owner. So a request is heard only when it is addressed to this
server by a name of its own (a page elsewhere can make *its* name point here: DNS rebinding), and when whatever
changes something, or opens a WebSocket, was not sent by a page of another origin.
"""

import ipaddress
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

import msgspec
from starlette.requests import HTTPConnection

from server.errors import ForeignHost, ForeignOrigin, NotOpenToNetwork
from server.services import Services
from server.settings import Settings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_PORTS = {"http": 80, "https": 443}


class Principal(msgspec.Struct, frozen=True):
    """The person a request is from, in the tenant they work in."""

    user_id: UUID
    tenant_id: UUID
    roles: tuple[str, ...]


async def principal(connection: HTTPConnection) -> Principal:
    """Who sent this request or opens this WebSocket. Raises one of `Forbidden`."""
    services: Services = connection.app.state.services
    refuse_foreign(connection, services.settings)
    owner = services.local_owner
    return Principal(user_id=owner.user_id, tenant_id=owner.tenant_id, roles=("owner",))


def refuse_foreign(connection: HTTPConnection, settings: Settings) -> None:
    """Raise `NotOpenToNetwork`, `ForeignHost` or `ForeignOrigin` for what did not come from us."""
    public = urlsplit(settings.public_url) if settings.public_url else None
    if public is None and not is_loopback(settings.host):
        raise NotOpenToNetwork
    host = _split(connection.headers.get("host", ""))
    if host is None or not (is_loopback(host.hostname) or (public and host.hostname == public.hostname)):
        raise ForeignHost
    reads = connection.scope["type"] == "http" and connection.scope["method"] in SAFE_METHODS
    origin = connection.headers.get("origin")
    if not reads and origin is not None and not _is_own(origin, host, public):
        raise ForeignOrigin


@lru_cache(maxsize=256)
def is_loopback(name: str | None) -> bool:
    """Whether a host name or address can mean this machine only."""
    if not name:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _is_own(origin: str, host: SplitResult, public: SplitResult | None) -> bool:
    """Whether an Origin is that of the pages served under this Host; `null` never is."""
    sent = urlsplit(origin)
    try:
        sent_port, host_port, public_port = sent.port, host.port, public.port if public else None
    except ValueError:
        return False
    if sent.scheme not in _PORTS or not sent.hostname:
        return False
    port = sent_port or _PORTS[sent.scheme]
    if public and host.hostname == public.hostname:
        own = (public.scheme, public.hostname, public_port or _PORTS[public.scheme])
        return (sent.scheme, sent.hostname, port) == own
    return (sent.hostname, port) == (host.hostname, host_port or _PORTS[sent.scheme])


def _split(host: str) -> SplitResult | None:
    """The name and port of a Host header, or None where it is not one."""
    if not host or any(mark in host for mark in "/?#@\\ ,"):
        return None
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.hostname else None
