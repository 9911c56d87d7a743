"""Files: a local folder or a bucket, behind one interface."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from storage.errors import ObjectsUnavailable


def connect(url: str | None, folder: Path) -> ObjectStore:
    """The store at `url` (`s3://bucket`, `gs://bucket`, `file:///folder`), or else the local folder.

    A local folder is closed to everybody else as a whole, because the files in it are written open to read.
    Raises ObjectsUnavailable.
    """
    try:
        if url is not None and urlsplit(url).scheme != "file":
            return from_url(url)
        place = folder if url is None else Path(urlsplit(url).path)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.chmod(0o700)
        return LocalStore(prefix=place.absolute(), automatic_cleanup=True)
    except (BaseError, OSError, ValueError) as wrong:
        raise ObjectsUnavailable(type(wrong).__name__) from wrong


async def put(store: ObjectStore, path: str, data: bytes) -> None:
    """Keep an object, whole, in place of what was there. Raises ObjectsUnavailable."""
    try:
        await store.put_async(path, data)
    except (BaseError, OSError) as wrong:
        raise ObjectsUnavailable(type(wrong).__name__) from wrong


async def get(store: ObjectStore, path: str) -> bytes | None:
    """An object, whole; None where there is none. Raises ObjectsUnavailable."""
    try:
        answer = await store.get_async(path)
        return bytes(await answer.bytes_async())
    except FileNotFoundError:
        return None
    except (BaseError, OSError) as wrong:
        raise ObjectsUnavailable(type(wrong).__name__) from wrong


async def keys(store: ObjectStore, prefix: str) -> list[str]:
    """The keys of every object below a prefix that ends with `/`. Raises ObjectsUnavailable."""
    try:
        return [item["path"] async for batch in store.list(prefix) for item in batch]
    except (BaseError, OSError) as wrong:
        raise ObjectsUnavailable(type(wrong).__name__) from wrong


async def delete(store: ObjectStore, path: str) -> None:
    """Remove an object; one that is not there is no error. Raises ObjectsUnavailable."""
    try:
        await store.delete_async(path)
    except FileNotFoundError:
        return
    except (BaseError, OSError) as wrong:
        raise ObjectsUnavailable(type(wrong).__name__) from wrong


async def check(store: ObjectStore) -> None:
    """Write and delete a small object. Raises ObjectsUnavailable."""
    path = f"temp/check/{uuid4()}"
    try:
        await store.put_async(path, b"viva")
        await store.delete_async(path)
    except (BaseError, OSError) as wrong:
        raise ObjectsUnavailable(type(wrong).__name__) from wrong
