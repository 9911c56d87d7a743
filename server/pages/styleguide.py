"""Every component on one page, for whoever works on the pages."""

from starlette.requests import Request
from starlette.responses import Response

from server.errors import NoSuchAddress
from server.pages.rendering import page
from server.services import Services


async def styleguide(request: Request) -> Response:
    """`GET /styleguide`, in development only. Raises NoSuchAddress."""
    services: Services = request.app.state.services
    if services.settings.environment != "development":
        raise NoSuchAddress
    return page(request, "styleguide.html")
