"""An interviewer and a scorer that need no model, for rehearsals and for a machine with nothing installed.

Both are deterministic, work in English and Spanish, and say in their name and version that they are the rehearsal's.
"""

from agents.rehearsal.interviewer import RehearsalInterviewer
from agents.rehearsal.scorer import RehearsalScorer

__all__ = ["RehearsalInterviewer", "RehearsalScorer"]
