"""The plans and rubrics that come with Viva, written as YAML beside this module, and their reader."""

from agents.library.document import LibraryError
from agents.library.reading import Library, content_hash, load_library, read_plan, read_rubric

__all__ = ["Library", "LibraryError", "content_hash", "load_library", "read_plan", "read_rubric"]
