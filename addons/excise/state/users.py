"""Who may use the proxy: users with their passwords' hashes, and the tokens of their devices.

All of it is one owner-only file, `users.json` in the state folder. It is written under a lock and
replaced whole, so that a running proxy reads either the old or the new state.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import argon2

from excise.errors import StateError
from excise.state.tokens import Token, digest_of, new_secret

NAME: Final = "users.json"
VERSION: Final = 1
MIN_PASSWORD: Final = 12
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")

# The smaller setting of OWASP's password storage page: 19 MiB, two passes. Several run at once.
_HASHER: Final = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who may use the proxy. `secret` is the argon2 hash, or "" for tokens alone."""

    name: str
    group: str = ""
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Users by name, tokens by digest."""

    users: Mapping[str, User] = field(default_factory=dict)
    tokens: Mapping[str, Token] = field(default_factory=dict)

    def of_token(self, secret: str, now: datetime) -> Token | None:
        """The token this is, if it is known and has not ended."""
        token = self.tokens.get(digest_of(secret))
        return token if token is not None and token.is_good(now) else None


def hash_password(password: str) -> str:
    """The argon2id hash of a password. Raises `StateError` for one that is too short."""
    if len(password) < MIN_PASSWORD:
        raise StateError(
            "EXC-STA-005", f"the password is too short; wanted {MIN_PASSWORD} characters or more."
        )
    return _HASHER.hash(password)


def is_password(secret: str, password: str) -> bool:
    """Whether a password fits a hash. An empty hash costs the same and never fits, so that the
    time an answer takes does not tell which names exist."""
    try:
        fits = _HASHER.verify(secret or _nobody(), password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False
    return fits and bool(secret)


def _nobody() -> str:
    """A hash with the parameters of ours that no password is known for."""
    global _unknown
    if not _unknown:
        _unknown = _HASHER.hash(secrets.token_hex(16))
    return _unknown


_unknown = ""


class UserFile:
    """The file, read and changed."""

    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir / NAME

    def stamp(self) -> tuple[int, int, int]:
        """What changes whenever the file does; zeros where there is none."""
        try:
            facts = self.path.stat()
        except OSError:
            return 0, 0, 0
        return facts.st_ino, facts.st_mtime_ns, facts.st_size

    def read(self) -> Accounts:
        """Everybody known; nobody where there is no file. Raises `StateError`."""
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return Accounts()
        except OSError as fault:
            raise self._closed("read", fault) from None
        with os.fdopen(fd, "rb") as file:
            mode = stat.S_IMODE(os.fstat(fd).st_mode)
            if mode & 0o077:
                raise StateError(
                    "EXC-STA-001",
                    f"mode {mode:04o} lets others at the hashes of passwords.",
                    at=str(self.path),
                    hint="chmod 600; have the passwords changed where somebody may have read it.",
                )
            raw = file.read()
        try:
            return _parse(json.loads(raw))
        except (ValueError, TypeError, KeyError, AttributeError):
            raise StateError(
                "EXC-STA-002", "this is no list of users; restore it.", at=str(self.path)
            ) from None

    def put_user(self, name: str, *, group: str = "", secret: str = "") -> None:
        """Add a user, or give one that is there another group and password."""
        _check_name(name, "user")
        if group:
            _check_name(group, "group")
        with self._changing() as accounts:
            user = User(name=name, group=group, secret=secret)
            self._write(replace(accounts, users={**accounts.users, name: user}))

    def remove_user(self, name: str) -> bool:
        """Forget a user and all tokens of theirs; whether there was one."""
        with self._changing() as accounts:
            if name not in accounts.users:
                return False
            users = {each: user for each, user in accounts.users.items() if each != name}
            kept = {digest: t for digest, t in accounts.tokens.items() if t.user != name}
            self._write(Accounts(users=users, tokens=kept))
        return True

    def new_token(
        self, user: str, device: str, *, now: datetime, until: datetime | None = None
    ) -> tuple[Token, str]:
        """Make a token; it and its secret, which is kept nowhere. Raises `StateError`."""
        _check_name(device, "device")
        with self._changing() as accounts:
            if user not in accounts.users:
                raise StateError(
                    "EXC-STA-005",
                    f'there is no user "{user}".',
                    hint="Add one with excise user add.",
                )
            secret = new_secret()
            token = Token(
                id=secrets.token_hex(4),
                user=user,
                device=device,
                digest=digest_of(secret),
                made=now,
                until=until,
            )
            self._write(replace(accounts, tokens={**accounts.tokens, token.digest: token}))
        return token, secret

    def revoke_token(self, token_id: str) -> bool:
        """Forget a token by its id; whether there was one."""
        with self._changing() as accounts:
            kept = {digest: t for digest, t in accounts.tokens.items() if t.id != token_id}
            if len(kept) == len(accounts.tokens):
                return False
            self._write(replace(accounts, tokens=kept))
        return True

    @contextmanager
    def _changing(self) -> Iterator[Accounts]:
        """The state, held so that of two who change it neither undoes the other's work."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as fault:
            raise self._closed("changed", fault) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self.read()
        finally:
            os.close(lock)

    def _write(self, accounts: Accounts) -> None:
        draft = self.path.with_name(f".{NAME}.{secrets.token_hex(4)}")
        try:
            fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "w", encoding="utf-8") as file:
                json.dump(_shape(accounts), file, indent=1)
                file.flush()
                os.fsync(fd)
            draft.replace(self.path)
        except OSError as fault:
            raise self._closed("written", fault) from None
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)

    def _closed(self, done: str, fault: OSError) -> StateError:
        return StateError(
            "EXC-STA-003", f"the users cannot be {done} ({fault.strerror}).", at=str(self.path)
        )


def _check_name(name: str, what: str) -> None:
    if not _NAME.fullmatch(name):
        raise StateError(
            "EXC-STA-005",
            f"that can be no {what}'s name; wanted up to 64 letters, digits and . _ @ -.",
        )


def _shape(accounts: Accounts) -> dict[str, Any]:
    users = [
        {"name": u.name, "group": u.group, "secret": u.secret} for u in accounts.users.values()
    ]
    tokens = [
        {
            "id": t.id,
            "user": t.user,
            "device": t.device,
            "digest": t.digest,
            "made": t.made.isoformat(),
            "until": t.until.isoformat() if t.until else "",
        }
        for t in accounts.tokens.values()
    ]
    return {"version": VERSION, "users": users, "tokens": tokens}


def _parse(raw: Any) -> Accounts:
    if raw["version"] != VERSION:
        raise ValueError
    users = [User(name=u["name"], group=u["group"], secret=u["secret"]) for u in raw["users"]]
    tokens = [
        Token(
            id=t["id"],
            user=t["user"],
            device=t["device"],
            digest=t["digest"],
            made=datetime.fromisoformat(t["made"]),
            until=datetime.fromisoformat(t["until"]) if t["until"] else None,
        )
        for t in raw["tokens"]
    ]
    return Accounts(users={u.name: u for u in users}, tokens={t.digest: t for t in tokens})
