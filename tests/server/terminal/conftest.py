"""The whole product on a free port, for what has to be true of it and not of a script."""

import asyncio
from collections.abc import Iterator

import pytest

from benchmarks.product import Product


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    running = Product(tmp_path_factory.mktemp("product"))
    try:
        asyncio.run(running.start())
        yield running
    finally:
        asyncio.run(running.stop())
