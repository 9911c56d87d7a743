"""Anthropic's message batches: made, looked at until they have ended, cancelled, and read in no order."""

import zlib
from collections.abc import Callable, Iterator
from typing import Any

from tests.emulators.answering import Refused

LOOKS = 2
"""A batch has ended at this look at it: what its maker polls for, without a clock."""
_CREATED = "2026-01-01T00:00:00Z"
_EXPIRES = "2026-01-02T00:00:00Z"


class Batch:
    """Requests that are answered together, later, at half price."""

    def __init__(self, name: str, requests: list[dict[str, Any]]) -> None:
        self.name = name
        self._requests = requests
        self._looks = 0
        self._is_cancelled = False
        self._lines: list[dict[str, Any]] | None = None

    @property
    def has_ended(self) -> bool:
        return self._looks >= LOOKS

    def retrieved(self) -> "Batch":
        """The batch a look later; one that is being cancelled ends at the next."""
        self._looks = LOOKS if self._is_cancelled else self._looks + 1
        return self

    def cancelled(self) -> "Batch":
        if self.has_ended:
            raise Refused(400, f"Batch {self.name} has already ended and cannot be canceled.")
        self._is_cancelled = True
        return self

    def results(self, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> list[dict[str, Any]]:
        """A line for each request; answered once, whoever reads. Refused before the batch has ended."""
        if not self.has_ended:
            raise Refused(404, f"Batch {self.name} has no available results, since it has not finished processing.")
        if self._lines is None:
            self._lines = [
                {
                    "custom_id": request["custom_id"],
                    "result": {"type": "canceled"} if self._is_cancelled else answer(request["params"]),
                }
                for request in sorted(self._requests, key=lambda request: zlib.crc32(request["custom_id"].encode()))
            ]
            if self._is_in_order():
                self._lines.reverse()
        return self._lines

    def _is_in_order(self) -> bool:
        sent = [request["custom_id"] for request in self._requests]
        return [line["custom_id"] for line in self._lines or []] == sent

    def summary(self, base_url: str) -> dict[str, Any]:
        counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
        if not self.has_ended:
            counts["processing"] = len(self._requests)
        elif self._is_cancelled:
            counts["canceled"] = len(self._requests)
        else:
            counts["succeeded"] = len(self._requests)
        for line in self._lines or []:
            if line["result"]["type"] == "errored":
                counts["succeeded"] -= 1
                counts["errored"] += 1
        path = f"{base_url.rstrip('/')}/v1/messages/batches/{self.name}/results"
        return {
            "id": self.name,
            "type": "message_batch",
            "processing_status": "ended" if self.has_ended else "canceling" if self._is_cancelled else "in_progress",
            "request_counts": counts,
            "created_at": _CREATED,
            "expires_at": _EXPIRES,
            "ended_at": _CREATED if self.has_ended else None,
            "cancel_initiated_at": _CREATED if self._is_cancelled else None,
            "archived_at": None,
            "results_url": path if self.has_ended else None,
        }


class Batches:
    def __init__(self) -> None:
        self._batches: dict[str, Batch] = {}

    def create(self, body: dict[str, Any]) -> Batch:
        """A new batch; refused where a custom id is missing or comes twice."""
        requests = body.get("requests")
        if not isinstance(requests, list) or not requests:
            raise Refused(400, "requests: at least one request is required")
        ids = [request.get("custom_id") for request in requests]
        if not all(isinstance(name, str) and 1 <= len(name) <= 64 for name in ids):
            raise Refused(400, "requests: each custom_id must be a string of 1 to 64 characters")
        if len(set(ids)) < len(ids):
            raise Refused(400, "requests: custom_ids must be unique")
        batch = Batch(f"msgbatch_{len(self._batches) + 1:024d}", requests)
        self._batches[batch.name] = batch
        return batch

    def named(self, name: str) -> Batch:
        """The batch; refused with 404 where there is none."""
        batch = self._batches.get(name)
        if batch is None:
            raise Refused(404, f"Message Batch with id {name} not found.")
        return batch

    def newest_first(self) -> Iterator[Batch]:
        return reversed(list(self._batches.values()))
