"""What tells who is speaking, taken out of an answer before any scorer sees it."""

from agents.redaction.redacting import Redacted, redacted

__all__ = ["Redacted", "redacted"]
