"""PostgreSQL and Valkey as supervised children of ours, for a machine with nothing installed."""

from server.embedded.errors import EmbeddedError, HomeInUseError
from server.embedded.ownership import HomeLock, holder
from server.embedded.postgres import EmbeddedPostgres
from server.embedded.services import EmbeddedServices
from server.embedded.valkey import EmbeddedValkey

__all__ = [
    "EmbeddedError",
    "EmbeddedPostgres",
    "EmbeddedServices",
    "EmbeddedValkey",
    "HomeInUseError",
    "HomeLock",
    "holder",
]
