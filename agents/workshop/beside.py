"""A thread for the workshop's own work: tens of milliseconds that no live interview in this process should wait for."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def beside(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What the work returns, done beside the event loop. One piece of work at a time."""
    return await asyncio.get_running_loop().run_in_executor(_thread(), lambda: work(*args, **kwargs))


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="workshop")
