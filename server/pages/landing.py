"""The first page: what Viva is, a practice in one click, and the plans there are."""

from starlette.requests import Request
from starlette.responses import Response

from agents.rehearsal import scorer
from server.pages.language import language_of
from server.pages.plan_cards import plan_cards
from server.pages.rendering import page
from server.principal import principal
from server.services import Services
from storage import plans


def is_by_model(services: Services) -> bool:
    """Whether a language model asks and scores in the interviews that are begun now."""
    return services.versions["scorer"] != scorer.VERSION


async def landing(request: Request) -> Response:
    """`GET /`. Raises one of `Forbidden`, and DatabaseUnavailable."""
    who = await principal(request)
    services: Services = request.app.state.services
    language = language_of(request)
    async with services.database.tenant(who.tenant_id) as connection:
        cards = plan_cards(await plans.list_plans(connection), language)
    at_once = next((card for card in cards if language in card.languages), None)
    return page(request, "landing.html", cards=cards, at_once=at_once, by_model=is_by_model(services))
