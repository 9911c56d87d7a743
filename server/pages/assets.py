"""Scripts and styles as built: their hashed names come from Vite's manifest."""

import base64
import hashlib
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


class Sheet(msgspec.Struct, frozen=True):
    """A built style sheet, to stand in the page itself, and the hash by which the page's policy knows it."""

    text: str
    source: str


class _Chunk(msgspec.Struct):
    file: str
    imports: tuple[str, ...] = ()


class Assets:
    """What was built from a source, by its name such as `islands/room.ts`. All raise `PagesNotBuilt`."""

    def __init__(self, manifest: Path = MANIFEST) -> None:
        self._manifest = manifest
        self._read_at = 0
        self._chunks: dict[str, _Chunk] = {}
        self._sheets: dict[str, Sheet] = {}

    def url(self, source: str) -> str:
        """Its address."""
        return f"/static/built/{self._chunk(source).file}"

    def imports(self, source: str) -> list[str]:
        """The addresses of what a script imports, and of what that does, each once."""
        found: dict[str, None] = {}
        wanted = list(self._chunk(source).imports)
        while wanted:
            name = wanted.pop(0)
            if name not in found:
                found[name] = None
                wanted += self._chunk(name).imports
        return [self.url(name) for name in found]

    def sheet(self, source: str) -> Sheet:
        """A style sheet itself. In the page it spares a first visit one way to the server and back."""
        chunk = self._chunk(source)
        if source not in self._sheets:
            try:
                text = (self._manifest.parent / chunk.file).read_text("utf-8").strip()
            except OSError:
                raise PagesNotBuilt from None
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            self._sheets[source] = Sheet(text, f"'sha256-{digest}'")
        return self._sheets[source]

    def _chunk(self, source: str) -> _Chunk:
        try:
            changed_at = self._manifest.stat().st_mtime_ns
            if changed_at != self._read_at:
                self._chunks = msgspec.json.decode(self._manifest.read_bytes(), type=dict[str, _Chunk])
                self._sheets.clear()
                self._read_at = changed_at
            return self._chunks[source]
        except (OSError, msgspec.DecodeError, KeyError):
            raise PagesNotBuilt from None


class StaticPages(StaticFiles):
    """Our own files. What has a hash in its name never changes, so browsers keep it for a year."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        lasting = path.replace("\\", "/").startswith(_HASHED)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if lasting else "public, max-age=3600"
        return response
