"""Databases of a benchmark's own, and the worker of their queue."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.child import Child
from benchmarks.product import ROOT
from server.embedded import EmbeddedPostgres, EmbeddedServices
from storage import migrations
from storage.roles import APPLICATION, MAINTENANCE


@asynccontextmanager
async def databases(folder: Path) -> AsyncIterator[tuple[dict[str, str], EmbeddedPostgres]]:
    """PostgreSQL and Valkey with the schema; the environment that leads a process of ours to them."""
    services = EmbeddedServices(folder / "data")
    await services.start()
    try:
        postgres = services.postgres
        passwords = {role: postgres.password(role) for role in (APPLICATION, MAINTENANCE)}
        await migrations.up(postgres.admin_url, passwords=passwords)
        env = _environment() | {
            "DATABASE_URL": postgres.url(APPLICATION),
            "VIVA_MAINTENANCE_DATABASE_URL": postgres.url(MAINTENANCE),
            "REDIS_URL": services.valkey.url,
            "VIVA_HOME": str(folder / "data"),
        }
        yield env, postgres
    finally:
        await services.stop()


@asynccontextmanager
async def working(folder: Path, env: Mapping[str, str]) -> AsyncIterator[None]:
    """The queue's worker."""
    child = await Child.start("server", "work", env=dict(env), log=folder / "worker.log")
    try:
        yield
    finally:
        await child.stop()


def _environment() -> dict[str, str]:
    """Ours without the settings of whoever runs this: they would lead to their databases and providers."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("VIVA_") and not name.endswith(("_URL", "_KEY"))
    }
    cached = {name: os.environ[name] for name in ("VIVA_SPEECH_CACHE",) if name in os.environ}
    ours = {"VIVA_LOG_FORMAT": "json", "PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1,localhost"}
    return kept | cached | ours
