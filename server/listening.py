"""The listener that several serving processes share: who has the fewest connections takes the next one.

The system wakes all of them, and of fifty candidates who come together one process may take forty. So one that has more
connections than another waits a moment, in which the other may be first; after it, it takes what is still there.
"""

import asyncio
import errno
import socket
from collections.abc import Callable, Sequence

import structlog

MOMENT_S = 0.005
"""How long it waits for each connection that it has more than another."""
MOST_MOMENTS = 4
PAUSE_S = 0.2
"""How long nothing is taken once this process may open no more files."""
_PASSING = {errno.EAGAIN, errno.EINTR, errno.ECONNABORTED, errno.EPROTO}

log = structlog.get_logger(__name__)


class SharedListener:
    """Bound sockets that others listen on too. `close` gives up our part of them alone.

    `ahead` says how many connections we have more than the process that has the fewest, given how many are just coming.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        backlog: int,
        protocol: Callable[[], asyncio.Protocol],
        ahead: Callable[[int], int],
    ) -> None:
        self._sockets = sockets
        self._protocol = protocol
        self._ahead = ahead
        self._loop = asyncio.get_running_loop()
        self._coming: set[asyncio.Task[object]] = set()
        for one in sockets:
            one.setblocking(False)
            one.listen(backlog)
            self._loop.add_reader(one, self._look, one)

    def close(self) -> None:
        """Take nothing more. Idempotent."""
        for one in self._sockets:
            if one.fileno() >= 0:
                self._loop.remove_reader(one)
                one.close()

    def _look(self, listener: socket.socket) -> None:
        moments = min(self._ahead(len(self._coming)), MOST_MOMENTS)
        if moments <= 0:
            self._take(listener)
        else:
            self._loop.remove_reader(listener)
            self._loop.call_later(moments * MOMENT_S, self._after, listener)

    def _after(self, listener: socket.socket) -> None:
        if listener.fileno() >= 0:
            self._loop.add_reader(listener, self._look, listener)
            self._take(listener)

    def _take(self, listener: socket.socket) -> None:
        try:
            taken, _address = listener.accept()
        except OSError as error:
            if error.errno not in _PASSING:
                log.error("nothing can be accepted", error=errno.errorcode.get(error.errno or 0))
                self._loop.remove_reader(listener)
                self._loop.call_later(PAUSE_S, self._after, listener)
            return
        taken.setblocking(False)
        taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task: asyncio.Task[object] = self._loop.create_task(self._loop.connect_accepted_socket(self._protocol, taken))
        self._coming.add(task)
        task.add_done_callback(self._coming.discard)
