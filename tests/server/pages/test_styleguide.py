"""The page of all components."""

from pathlib import Path

import httpx
import msgspec
import pytest

from server.app import create_app
from server.pages.rendering import TEMPLATES
from server.pages.routes import render_error, routes
from server.services import Services
from storage.database import Database
from tests.conftest import Person
from tests.server.serving import HERE, make_services

ELSEWHERE = {"plan_card.html", "shape.html", "conversation.html"}
"""Shown where they are used, on what they are made for: plans, documents and the first page."""


async def test_it_shows_every_component(reader: httpx.AsyncClient) -> None:
    assert (await reader.get("/styleguide")).status_code == 200
    source = (TEMPLATES / "styleguide.html").read_text("utf-8")
    for component in (TEMPLATES / "components").glob("*.html"):
        assert component.name in ELSEWHERE or f'"components/{component.name}"' in source, component.name


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_it_can_be_seen_in_both_themes(reader: httpx.AsyncClient, theme: str) -> None:
    text = (await reader.get(f"/styleguide?theme={theme}")).text
    assert f'<html lang="en" data-theme="{theme}">' in text


async def test_in_production_it_is_not_there(database: Database, tenant: Person, tmp_path: Path) -> None:
    services: Services = await make_services(database, tenant, tmp_path)
    settings = msgspec.structs.replace(services.settings, environment="production")
    services = await make_services(database, tenant, tmp_path, settings=settings)
    app = create_app(settings, services=services, pages=routes(), error_page=render_error)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HERE) as client:
        assert (await client.get("/styleguide", headers={"Accept": "text/html"})).status_code == 404
