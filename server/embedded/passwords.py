"""The database roles' passwords: random, made on first need, kept in the home's secrets.json (0600)."""

import json
import os
import secrets
from pathlib import Path
from typing import Any

from server.embedded.errors import HomeNotWritableError, filesystem_errors

SECTION = "postgres"


class Passwords:
    """Passwords by role, in the section "postgres" of a JSON file that may hold other sections."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def of(self, role: str) -> str:
        """The role's password, the same at each call and each start; made and saved on the first."""
        with filesystem_errors(self._path.parent):
            content = self._read()
            roles: dict[str, str] = content.setdefault(SECTION, {})
            if role not in roles:
                roles[role] = secrets.token_urlsafe(32)
                self._write(content)
            return roles[role]

    def _read(self) -> dict[str, Any]:
        try:
            content = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise HomeNotWritableError(
                f"{self._path} is not JSON ({error}). Put its backup back, or move it away to have new passwords made."
            ) from error
        if not isinstance(content, dict) or not isinstance(content.get(SECTION, {}), dict):
            raise HomeNotWritableError(
                f"{self._path} is not an object of sections. Put its backup back, or move it away "
                "to have new passwords made."
            )
        return content

    def _write(self, content: dict[str, Any]) -> None:
        fresh = self._path.with_name(self._path.name + ".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(content, file, indent=2, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
