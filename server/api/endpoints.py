"""Everything the HTTP API does, in the order of its document."""

from typing import Any

from server.api import interviews, me, plans, record, results, scoring_runs, workshop
from server.api.endpoint import Endpoint

ENDPOINTS: tuple[Endpoint[Any, Any], ...] = (
    *me.ENDPOINTS,
    *plans.ENDPOINTS,
    *workshop.ENDPOINTS,
    *interviews.ENDPOINTS,
    *record.ENDPOINTS,
    *results.ENDPOINTS,
    *scoring_runs.ENDPOINTS,
)
