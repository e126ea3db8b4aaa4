"""A company's directory: whether it takes a name and password, by an LDAP bind over TLS, and which
groups that user is in.

Waited for in threads, never in the event loop. ldap3 comes with mitmproxy and is loaded where it is
asked for.
"""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from excise.errors import ConfigError, StateError

PATIENCE: Final = 3  # seconds to connect, and for each answer
_SECURE: Final = 636
_PLAIN: Final = 389
_SUCCESS: Final = 0
_TOO_MANY: Final = 4  # found more than were asked for
_MOST_GROUPS: Final = 1000
# What a bind says of a user, not of the directory: none such, wrong, locked, or not permitted.
_OF_THE_USER: Final = frozenset({32, 34, 48, 49, 50, 53})
_ESCAPED: Final = re.compile(r"\\([0-9a-fA-F]{2}|.)")  # RFC 4514 §2.4
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_TEMPLATE: Final = re.compile(r"[^{}]*\{\}[^{}]*")


class Directory:
    """Binds as the user who is to be known, asks for their groups at most, and keeps nothing."""

    def __init__(self, url: str, template: str, ca: Path | None = None, groups: str = "") -> None:
        """`url` is `ldaps://HOST[:PORT]`, or `ldap://HOST[:PORT]` for StartTLS, without which no
        password is sent. `template` makes a name for the bind of a user's: `uid={},ou=people,…`, or
        `{}@corp.example`. Below the entry `groups` lie those of the users, and where the template
        makes no entry's name, the users as well. Raises `ConfigError`."""
        self._host, self._port, self._secure = _split(url)
        if not _TEMPLATE.fullmatch(template):
            raise ConfigError(
                "EXC-CFG-001", "ldap-bind cannot be read; wanted uid={},ou=people,dc=corp."
            )
        self._template = template
        self._groups = groups
        self._ca = ca

    def __repr__(self) -> str:
        return f"<Directory {self._host}>"

    def members(self, name: str, password: str) -> tuple[str, ...] | None:
        """The groups that a user is in, where the directory takes this password for this name; None
        where it does not. Raises `StateError` (EXC-STA-007) where it cannot be asked."""
        # A bind without a password succeeds for everybody (RFC 4513 §5.1.2); and what is no name
        # of ours is not put into a name of theirs.
        if not password or not _NAME.fullmatch(name):
            return None
        import ldap3
        from ldap3.core.exceptions import LDAPException

        try:
            result, found = self._bind(ldap3, name, password)
        except (LDAPException, OSError, ValueError) as fault:
            raise _away(type(fault).__name__) from None
        if result == _SUCCESS:
            return found
        if result in _OF_THE_USER:
            return None
        raise _away(f"it answered {result}")

    def _bind(self, ldap3: Any, name: str, password: str) -> tuple[int, tuple[str, ...]]:
        tls = ldap3.Tls(
            validate=ssl.CERT_REQUIRED, ca_certs_file=str(self._ca) if self._ca else None
        )
        server = ldap3.Server(
            self._host,
            port=self._port,
            use_ssl=self._secure,
            tls=tls,
            get_info=ldap3.NONE,
            connect_timeout=PATIENCE,
        )
        user = self._template.replace("{}", name)
        wire = ldap3.Connection(
            server,
            user=user,
            password=password,
            authentication=ldap3.SIMPLE,
            receive_timeout=PATIENCE,
            raise_exceptions=False,
            auto_referrals=False,  # else the password would go wherever the answer says
        )
        try:
            wire.open()
            if not self._secure and not wire.start_tls(read_server_info=False):
                raise OSError("StartTLS is refused")
            wire.bind(read_server_info=False)
            result = int(wire.result["result"])
            asks = self._groups and result == _SUCCESS
            return result, self._search(wire, name, user) if asks else ()
        finally:
            wire.unbind()

    def _search(self, wire: Any, name: str, user: str) -> tuple[str, ...]:
        from ldap3.utils.conv import escape_filter_chars

        named = escape_filter_chars(user)
        if "=" in self._template:  # the name of the user's entry
            members = f"(member={named})(uniqueMember={named})"
            wanted, attribute = f"(|{members}(memberUid={escape_filter_chars(name)}))", "cn"
        else:
            wanted, attribute = f"(userPrincipalName={named})", "memberOf"
        wire.search(self._groups, wanted, attributes=[attribute], size_limit=_MOST_GROUPS)
        if int(wire.result["result"]) not in (_SUCCESS, _TOO_MANY):
            raise _away(f"the search for groups ended with {wire.result['result']}")
        found = [
            value.decode("utf-8", "replace")
            for entry in wire.response or ()
            for name, values in entry.get("raw_attributes", {}).items()
            if name.lower() == attribute.lower()
            for value in values
        ]
        return tuple(map(_first_name, found) if attribute == "memberOf" else found)


def _first_name(entry: str) -> str:
    """`cn=Engineering,ou=groups,…` → `Engineering`."""
    from ldap3.utils.dn import parse_dn

    return _ESCAPED.sub(_unescape, str(parse_dn(entry)[0][1]))


def _unescape(found: re.Match[str]) -> str:
    code = found[1]
    return bytes.fromhex(code).decode("latin-1") if len(code) == 2 else code


def _split(url: str) -> tuple[str, int, bool]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        port, parts = -1, urlsplit("")
    secure = parts.scheme == "ldaps"
    if parts.scheme not in ("ldap", "ldaps") or not parts.hostname or parts.path.strip("/"):
        raise ConfigError("EXC-CFG-001", "ldap cannot be read; wanted ldaps://HOST[:PORT].")
    return parts.hostname, port or (_SECURE if secure else _PLAIN), secure


def _away(why: str) -> StateError:
    return StateError("EXC-STA-007", f"the directory cannot be asked ({why}).")
