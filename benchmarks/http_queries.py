"""How many statements a request of each route sends to the database."""

import dataclasses
from collections.abc import Mapping, Sequence

import httpx
import msgspec

from benchmarks.product import ProductError
from server import logging
from server.app import create_app
from server.services import open_services
from server.settings import Settings
from storage.database import Database


async def queries_by_route(settings: Settings, routes: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Statements of one request, those that begin and end its transaction among them, each a round trip.

    The product's own application in this process, on one connection whose statements are listened to. Raises
    `ProductError` where a route does not answer.
    """
    logging.configure(msgspec.structs.replace(settings, log_level="warning"))
    sent: list[str] = []
    services = await open_services(settings)
    listened = await Database.open(settings.database_url or "", min_size=1, max_size=1)
    try:
        async with listened.untenanted() as connection:
            connection.add_query_logger(lambda query: sent.append(query.query))
        app = create_app(settings, services=dataclasses.replace(services, database=listened))
        found = {}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            for route, paths in routes.items():
                await client.get(paths[0])  # Prepares its statements.
                sent.clear()
                answer = await client.get(paths[0])
                if answer.status_code != httpx.codes.OK:
                    message = f"{route} answered {answer.status_code}"
                    raise ProductError(message)
                found[route] = len(sent)
    finally:
        await listened.close()
        await services.close()
    return found
