"""Where a service's files stand and as whom it runs, so that it can reach them under any home."""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

from server.embedded.children import Account
from server.embedded.errors import HomeNotWritableError, ProgramMissingError

SOCKET_PATH_BYTES = 100  # the kernel's limit is 107 (103 on macOS), with room for the longest file name's tail
ACCOUNTS = ("viva", "postgres", "nobody")


def service_account(*folders: Path) -> Account | None:
    """The account a service drops to when we are root: the owner of the first folder that is not root's, or a
    known unprivileged user. None when we are not root.
    """
    if os.geteuid() != 0:
        return None
    for folder in folders:
        if folder.exists() and (owner := folder.stat()).st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
    for name in ACCOUNTS:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(user.pw_uid, user.pw_gid)
    raise ProgramMissingError(
        "PostgreSQL does not run as root and this system has no unprivileged user (viva, postgres, nobody). "
        "Add one, run Viva as an ordinary user, or set DATABASE_URL."
    )


def reachable(path: Path, account: Account | None) -> bool:
    """Whether the account may enter the folder, or run the program: asked of the kernel, as that account."""
    if account is None:
        return os.access(path, os.X_OK)
    question = subprocess.run(  # noqa: S603 - the system's shell
        ["/bin/sh", "-c", 'test -x "$0"', str(path)],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return question.returncode == 0


def owned_folder(path: Path, account: Account | None) -> Path:
    """Make a folder that the account alone may use."""
    path.mkdir(mode=0o700, exist_ok=True)
    state = path.stat()
    owner = account.uid if account else os.geteuid()
    if state.st_uid != owner:
        if os.geteuid() != 0:
            raise HomeNotWritableError(
                f"{path} belongs to another user (uid {state.st_uid}). Run Viva as that user, "
                "move the folder away, or set VIVA_HOME to a folder of your own."
            )
        os.chown(path, owner, account.gid if account else -1)
    if state.st_mode & 0o777 != 0o700:
        path.chmod(0o700)
    return path


class ServiceFolder:
    """A service's own folder below the home, held open so that its account reaches it through any parent.

    As root under a home that only root may enter (below /root, say), the account cannot walk the path. The
    data must not leave the home, and no parent may be opened to others: the service inherits the open folder
    and names it /proc/self/fd/N, which needs no right on the parents.
    """

    def __init__(self, path: Path, account: Account | None) -> None:
        owned_folder(path, account)
        self.path = path
        self.keep: list[int] = []
        self.seen = path
        if not reachable(path, account):
            if sys.platform != "linux":
                raise HomeNotWritableError(
                    f"The account that runs the services cannot enter {path}. "
                    "Run Viva as an ordinary user, or set VIVA_HOME to a folder that others may pass through."
                )
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            self.keep = [descriptor]
            self.seen = Path(f"/proc/self/fd/{descriptor}")

    def close(self) -> None:
        for descriptor in self.keep:
            os.close(descriptor)
        self.keep = []


def runnable_programs(tree: Path, program: str, home: Path, account: Account | None) -> Path:
    """The installed tree itself, or a copy where the account may run `program` of it (38 MB, made once)."""
    if not (tree / program).is_file():
        raise ProgramMissingError(f"{tree / program} is missing. Install Viva's dependencies again (make run does).")
    if reachable(tree / program, account):
        return tree
    with (tree / program).open("rb") as file:
        name = f"{tree.name}-{hashlib.file_digest(file, 'sha256').hexdigest()[:12]}"
    for base in (home / "programs", Path("/var/cache/viva"), Path(tempfile.gettempdir()) / "viva-programs"):
        if not reachable(base.parent, account):
            continue
        try:
            base.mkdir(mode=0o755, exist_ok=True)
            if not _only_ours(base):
                continue
            base.chmod(0o755)
            _copy(tree, program, base / name)
        except OSError:
            continue
        copy = base / name / tree.parent.name / tree.name
        if reachable(copy / program, account):
            return copy
    raise ProgramMissingError(
        f"The account that runs the services cannot run {tree / program}, and no copy could be made for it. "
        "Run Viva as an ordinary user, or install it in a folder that others may read."
    )


def _only_ours(folder: Path) -> bool:
    state = folder.lstat()
    return stat.S_ISDIR(state.st_mode) and state.st_uid == os.geteuid() and not state.st_mode & 0o022


def _copy(tree: Path, program: str, target: Path) -> None:
    if target.exists():
        return
    fresh = Path(tempfile.mkdtemp(prefix=".incoming-", dir=target.parent))
    try:
        package = tree.parent
        if "/" in program:
            left_out = shutil.ignore_patterns("include", "*.a", "pkgconfig")
            shutil.copytree(tree, fresh / package.name / tree.name, ignore=left_out)
            # A wheel's programs look for the libraries it brought along by a path relative to their own.
            for libraries in (package.with_name(package.name + ".libs"), package / ".dylibs"):
                if libraries.is_dir():
                    shutil.copytree(libraries, fresh / libraries.relative_to(package.parent))
        else:  # a program that stands alone, perhaps among all of a system's
            (fresh / package.name / tree.name).mkdir(parents=True)
            shutil.copy2(tree / program, fresh / package.name / tree.name / program)
        for path in (fresh, *fresh.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        if not target.exists():
            fresh.rename(target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def socket_folder(home: Path, account: Account | None) -> Path:
    """A folder for the unix sockets that the account alone may use.

    Below the home where the path is short enough and the account can walk it; else below the system's runtime
    or temporary folder, by a name that is always the same for this home.
    """
    inside = home / "sockets"
    if len(os.fsencode(inside / ".s.PGSQL.5432.lock")) <= SOCKET_PATH_BYTES and reachable(home, account):
        return owned_folder(inside, account)
    name = f"viva-{hashlib.sha256(os.fsencode(home)).hexdigest()[:16]}"
    for base in _runtime_folders():
        folder = base / name
        try:
            owned = _claimed(folder, account)
        except OSError:
            continue
        if owned:
            return folder
    raise HomeNotWritableError(
        f"No folder for the services' sockets could be made ({', '.join(map(str, _runtime_folders()))}). "
        "Set VIVA_HOME to a folder with a shorter path, or TMPDIR to a folder you may write."
    )


def _runtime_folders() -> list[Path]:
    if os.geteuid() == 0:
        return [Path("/run"), Path("/var/run"), Path("/tmp")]  # noqa: S108 - the owner is checked
    own = os.environ.get("XDG_RUNTIME_DIR")
    return [*([Path(own)] if own else []), Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108


def _claimed(folder: Path, account: Account | None) -> bool:
    """Whether the folder is ours and short: one that someone else put there in advance is not used."""
    if len(os.fsencode(folder / ".s.PGSQL.5432.lock")) > SOCKET_PATH_BYTES:
        return False
    allowed = {os.geteuid(), account.uid if account else os.geteuid()}
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if folder.is_symlink() or not folder.is_dir() or folder.lstat().st_uid not in allowed:
            return False
    owned_folder(folder, account)
    return reachable(folder, account)
