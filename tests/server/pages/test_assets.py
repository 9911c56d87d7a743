"""Built files and their addresses."""

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from server.pages.assets import Assets, PagesNotBuilt, StaticPages


def test_an_address_is_that_of_the_manifest_and_follows_a_new_build(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"islands/room.ts": {"file": "assets/room-a1.js", "isEntry": true}}')
    assets = Assets(manifest)
    assert assets.url("islands/room.ts") == "/static/built/assets/room-a1.js"
    manifest.write_text('{"islands/room.ts": {"file": "assets/room-b22.js", "isEntry": true}}')
    assert assets.url("islands/room.ts") == "/static/built/assets/room-b22.js"


@pytest.mark.parametrize("content", [None, "", "{", '{"islands/other.ts": {"file": "x"}}'])
def test_pages_that_are_not_built_say_what_to_run(tmp_path: Path, content: str | None) -> None:
    manifest = tmp_path / "manifest.json"
    if content is not None:
        manifest.write_text(content)
    with pytest.raises(PagesNotBuilt, match="Run `make pages`"):
        Assets(manifest).url("islands/room.ts")


def test_only_files_with_a_hash_in_their_name_are_kept_for_long(tmp_path: Path) -> None:
    (tmp_path / "built" / "assets").mkdir(parents=True)
    (tmp_path / "built" / "assets" / "room-a1.js").write_text("1")
    (tmp_path / "icon.svg").write_text("<svg/>")
    client = TestClient(Starlette(routes=[Mount("/static", StaticPages(directory=tmp_path))]))
    assert client.get("/static/built/assets/room-a1.js").headers["cache-control"].endswith("immutable")
    assert client.get("/static/icon.svg").headers["cache-control"] == "public, max-age=3600"
    assert client.get("/static/../assets.py").status_code == 404


def test_a_script_is_fetched_together_with_all_it_imports_each_once(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text(
        '{"islands/check.ts": {"file": "check-1.js", "imports": ["_vendor.js", "_ear.js"]},'
        ' "_vendor.js": {"file": "vendor-2.js"}, "_ear.js": {"file": "ear-3.js", "imports": ["_vendor.js"]}}'
    )
    assets = Assets(manifest)
    assert assets.imports("islands/check.ts") == ["/static/built/vendor-2.js", "/static/built/ear-3.js"]
    assert assets.imports("_vendor.js") == []


def test_a_sheet_in_the_page_is_known_by_its_hash_and_follows_a_new_build(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"styles/index.css": {"file": "index-1.css"}}')
    (tmp_path / "index-1.css").write_text("p { color: teal }\n")
    assets = Assets(manifest)
    # printf 'p { color: teal }' | openssl dgst -sha256 -binary | base64
    assert assets.sheet("styles/index.css").text == "p { color: teal }"
    assert assets.sheet("styles/index.css").source == "'sha256-8fPwlIw/PLRUIsg7vYlNotoeuR0WiP8RAqPPGm2Lo4U='"
    manifest.write_text('{"styles/index.css": {"file": "index-22.css"}}')
    with pytest.raises(PagesNotBuilt):
        assets.sheet("styles/index.css")
