"""Scripts and styles as built: their hashed names come from Vite's manifest."""

from pathlib import Path

import msgspec
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from server.errors import Unavailable

STATIC = Path(__file__).with_name("static")
MANIFEST = STATIC / "built" / "manifest.json"

_HASHED = "built/assets/"


class PagesNotBuilt(Unavailable):
    """The scripts and styles are not there."""

    code, title = "pages_not_built", "The pages are not built"

    def __init__(self) -> None:
        super().__init__("The scripts and styles of the pages are not built. Run `make pages`, then load this again.")


class _Chunk(msgspec.Struct):
    file: str


class Assets:
    """Addresses of built files by the name of their source, such as `islands/room.ts`."""

    def __init__(self, manifest: Path = MANIFEST) -> None:
        self._manifest = manifest
        self._read_at = 0
        self._chunks: dict[str, _Chunk] = {}

    def url(self, source: str) -> str:
        """The address of what was built from a source. Raises `PagesNotBuilt`."""
        try:
            changed_at = self._manifest.stat().st_mtime_ns
            if changed_at != self._read_at:
                self._chunks = msgspec.json.decode(self._manifest.read_bytes(), type=dict[str, _Chunk])
                self._read_at = changed_at
            return f"/static/built/{self._chunks[source].file}"
        except (OSError, msgspec.DecodeError, KeyError):
            raise PagesNotBuilt from None


class StaticPages(StaticFiles):
    """Our own files. What has a hash in its name never changes, so browsers keep it for a year."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        lasting = path.replace("\\", "/").startswith(_HASHED)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if lasting else "public, max-age=3600"
        return response
