"""A site of real processes for each file of bad days, mended after each of them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TypeAlias

import pytest
import pytest_asyncio

from benchmarks.chaos import product
from benchmarks.chaos.product import Site
from tests.chaos.cast import PLAN, Candidate, Court, court

Enters: TypeAlias = Callable[..., Awaitable[Candidate]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def built(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """Two serving processes, one worker, PostgreSQL and Valkey."""
    async with product.site(tmp_path_factory.mktemp("site"), servings=2, workers=1) as one:
        yield one


@pytest_asyncio.fixture(loop_scope="module")
async def site(built: Site) -> AsyncIterator[Site]:
    """The site, whole before each test and after it."""
    yield built
    await built.mend()


@pytest_asyncio.fixture(loop_scope="module")
async def judge(site: Site) -> AsyncIterator[Court]:
    async with court(site) as sitting:
        yield sitting


@pytest_asyncio.fixture(loop_scope="module")
async def candidate(site: Site, request: pytest.FixtureRequest) -> AsyncIterator[Enters]:
    """Makes candidates who have begun an interview; they leave when the test ends."""
    async with AsyncExitStack() as stack:
        count = 0

        async def enters(plan: str = PLAN, *, line_dead_after_s: float = 1.0) -> Candidate:
            nonlocal count
            count += 1
            name = f"{request.node.name}-{count}"
            one = Candidate(site.url, name, line_dead_after_s=line_dead_after_s)
            await stack.enter_async_context(one)
            return await one.begins(plan)

        yield enters
