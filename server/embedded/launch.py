"""Become a program that ends when the process that asked for it ends.

Run by its path in a bare interpreter, never imported by the server:
`launch.py PARENT SIGNAL UID GID LOCK WATCH program [argument ...]`, all numbers, -1 for "none".

- PARENT: pid of the process that asked; SIGNAL: what the program gets when that one dies, by whatever death.
- UID, GID: the account to become first.
- LOCK: a locked file descriptor that the program keeps open for its whole life; its pid is written there.
- WATCH: a pipe whose end tells that the parent died, for systems without prctl. We then stay, as its parent.
"""

import contextlib
import os
import select
import signal
import sys

PR_SET_PDEATHSIG = 1
PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP)


def main(arguments: list[str]) -> int:
    parent, ending, uid, gid, lock, watch = (int(argument) for argument in arguments[:6])
    command = arguments[6:]
    if watch >= 0:
        return _watched(command, ending, (uid, gid), lock, watch)
    import ctypes  # before the change of account, which may not be able to read the interpreter's files

    libc = ctypes.CDLL(None, use_errno=True)
    _become(uid, gid)
    # After the change of account: the kernel forgets the request when credentials change.
    if libc.prctl(PR_SET_PDEATHSIG, ending, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() == parent:  # else it died before we asked
        _record(lock, os.getpid())
        os.execv(command[0], command)  # noqa: S606 - no shell is what we want
    return 1


def _become(uid: int, gid: int) -> None:
    if gid >= 0:
        os.setgroups([])
        os.setgid(gid)
    if uid >= 0:
        os.setuid(uid)


def _record(lock: int, pid: int) -> None:
    if lock >= 0:
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(pid).encode(), 0)


def _watched(command: list[str], ending: int, account: tuple[int, int], lock: int, watch: int) -> int:
    wake_out, wake_in = os.pipe()
    os.set_blocking(wake_in, False)
    signal.set_wakeup_fd(wake_in)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    # Held back until there is a program to pass them on to.
    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)
    child = os.fork()
    if child == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
        for descriptor in (watch, wake_out, wake_in):
            os.close(descriptor)
        _become(*account)
        os.execv(command[0], command)  # noqa: S606 - no shell is what we want
    _record(lock, child)

    def forward(number: int, _frame: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, number)

    for number in PASSED_ON:
        signal.signal(number, forward)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
    waiting = [watch, wake_out]
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        ready, _, _ = select.select(waiting, [], [])
        if wake_out in ready:
            os.read(wake_out, 64)
        if watch in ready:
            waiting.remove(watch)
            forward(ending, None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
