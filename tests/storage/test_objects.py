from __future__ import annotations

from pathlib import Path

import pytest

from storage import objects
from storage.errors import ObjectsUnavailable


async def test_a_local_folder_keeps_files_and_is_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "below" / "objects"
    store = objects.connect(None, folder)
    await objects.check(store)
    await store.put_async("exports/reports/one.pdf", b"content")
    assert bytes(await (await store.get_async("exports/reports/one.pdf")).bytes_async()) == b"content"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert not (folder / "temp").exists()


async def test_a_url_of_a_folder_is_that_folder(tmp_path: Path) -> None:
    store = objects.connect((tmp_path / "elsewhere").as_uri(), tmp_path / "unused")
    await store.put_async("a", b"b")
    assert (tmp_path / "elsewhere" / "a").read_bytes() == b"b"
    assert not (tmp_path / "unused").exists()


async def test_a_place_that_cannot_be_one_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ObjectsUnavailable, match="OBJECTS_URL"):
        objects.connect(None, tmp_path / "file")
    with pytest.raises(ObjectsUnavailable):
        objects.connect("carrier-pigeon://nest", tmp_path)


async def test_what_lies_below_a_prefix_is_found_and_removed_and_nothing_else(tmp_path: Path) -> None:
    store = objects.connect(None, tmp_path)
    mine = [f"recordings/t/one/{n}.ogg" for n in range(120)] + ["recordings/t/one/deeper/audio.ogg"]
    for key in (*mine, "recordings/t/one-more/1.ogg"):
        await objects.put(store, key, b"sound")
    assert sorted(await objects.keys(store, "recordings/t/one/")) == sorted(mine)
    for key in mine:
        await objects.delete(store, key)
        await objects.delete(store, key)
    assert await objects.keys(store, "recordings/t/one/") == []
    assert await objects.keys(store, "recordings/t/nobody/") == []
    assert await objects.get(store, "recordings/t/one-more/1.ogg") == b"sound"
