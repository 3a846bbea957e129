"""The token that lets a client in: made once, kept in a file of its owner's, known here by its digest only."""

import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from holytui.config import state_dir

FILE_NAME = "http-token"
TOKEN_BYTES = 32
SHORTEST = 32
"""Characters; one that a person put into the file may be another, but not a word that can be guessed."""


class TokenError(Exception):
    """The token cannot be read or kept; the message names its file and the way out, never the token."""


@dataclass(frozen=True, slots=True)
class Access:
    """Tells the right token from every other text.

    Attributes:
        digest: SHA-256 of the token.
        file: that holds the token.
        fresh: the token, if it was made just now and is to be shown, this once.
    """

    digest: bytes
    file: Path
    fresh: str | None = None

    def admits(self, given: bytes) -> bool:
        """Whether this is the token; takes as long for any text of a length."""
        return hmac.compare_digest(hashlib.sha256(given).digest(), self.digest)


def open_access(env: Mapping[str, str]) -> Access:
    """The token of this user's holytui; made at the first time.

    Raises:
        TokenError: its file cannot be written or read, is open to others, or holds too short a token.
    """
    path = state_dir(env) / FILE_NAME
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = _make(path)
        token = fresh or _read(path)
    except OSError as error:
        raise TokenError(f"{path} cannot be used: {error.strerror or error}.") from None
    return Access(hashlib.sha256(token.encode()).digest(), path, fresh)


def _make(path: Path) -> str | None:
    """Write a new token; None where there is one.

    It is written beside and linked: two servers that start at once use the same one, and a kill leaves no half of one.
    """
    if path.exists():
        return None
    token = secrets.token_urlsafe(TOKEN_BYTES)
    building = path.with_name(f".{FILE_NAME}-{secrets.token_hex(8)}")
    handle = os.open(building, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{token}\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(building, path)
    except FileExistsError:
        return None
    finally:
        building.unlink(missing_ok=True)
    return token


def _read(path: Path) -> str:
    with path.open("rb") as file:
        found = os.fstat(file.fileno())
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise TokenError(f"{path} can be read by others. chmod 600 {path}, or delete it to get a new token.")
        text = file.read(4096)
    token = text.strip()
    if len(token) < SHORTEST or not token.isascii() or len(token.split()) != 1:
        raise TokenError(f"{path} holds no token of {SHORTEST} or more letters and digits. Delete it to get a new one.")
    return token.decode("ascii")
