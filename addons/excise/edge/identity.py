"""Who speaks: a user or device by Proxy-Authorization, a client by its certificate or network.

A client shows what it has once per connection, with its CONNECT, or with each request that goes
through without one. Passwords are tried beside the event loop, and what fitted is remembered under
a keyed digest for a while. No credential is logged, kept in a flow, or sent on.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import logging
import secrets
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from math import inf
from typing import Final, NamedTuple

from mitmproxy import connection, http, tls

from excise.edge.exchange import PRINCIPAL, address_of
from excise.edge.front import is_front
from excise.edge.passage import PASSAGE, Passage
from excise.edge.threads import in_thread
from excise.errors import ExciseError, StateError
from excise.model import Principal
from excise.state.certificates import Revoked, Serial, clean_name, read_bearer
from excise.state.clients import Clients
from excise.state.directory import Directory
from excise.state.tokens import PREFIX
from excise.state.users import Accounts, User, UserFile, is_password

log = logging.getLogger("excise.edge")

REALM: Final = "Excise"
REMEMBERED_SECONDS: Final = 300.0
FAILURES: Final = 10  # wrong credentials from one address, within
WINDOW_SECONDS: Final = 60.0
AT_ONCE: Final = 2  # argon2 takes 19 MiB each time
DAY_SECONDS: Final = 8 * 3600.0  # after which a connection of a user of the directory is asked anew
_BY_DIRECTORY: Final = "ldap"
_BY_CERTIFICATE: Final = "certificate"
_BY_BALANCER: Final = "balancer"
_MOST: Final = 4096
_LONGEST: Final = 4096  # characters of a header that is looked at
# With a token as password the name says nothing; some clients cannot leave it out.
_ANY_NAME: Final = frozenset({"", "token"})


class Shown(NamedTuple):
    """What a client showed: name and password, or a token and the name of its user or none."""

    name: str
    secret: str


class Claim(NamedTuple):
    """Whose connection this is: looked up again when the users change."""

    user: str
    token: str  # digest of the device's token, "" for a password
    stored: str  # the hash that the password fitted
    until: float = inf  # by our clock
    members: tuple[str, ...] = ()  # what the user is a member of, elsewhere
    serial: Serial | None = None  # of the certificate

    @property
    def is_certified(self) -> bool:
        """Whether a certificate was shown, which counts for all of its connection."""
        return self.stored in (_BY_CERTIFICATE, _BY_BALANCER)


class Identity:
    """Asks clients who they are, where that is wanted, and tells policy and audit."""

    goes_first = True

    def __init__(
        self,
        users: UserFile,
        clients: Clients,
        *,
        required: bool,
        directory: Directory | None = None,
        client_name: str = "",
        revoked: Revoked | None = None,
        told: Callable[[connection.Client], str] = lambda client: "",
        refused: Callable[[str, str], None] = lambda address, why: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`directory` is asked for passwords of users who are in no list. `client_name` is the kind
        of name in a client's certificate that it is known by, unless that is among the `revoked`;
        `told` is asked for what a balancer says. `refused` is told of an address that showed what
        is wrong, once a minute, and of one that is not listened to."""
        self._file = users
        self._directory = directory
        self._told_of = refused
        self._client_name = client_name
        self._revoked = revoked
        self._told = told
        self._clients = clients
        self._required = required
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._stamp: tuple[int, int, int] | None = None
        self._accounts = Accounts()
        self._bound: dict[str, Claim] = {}
        self._tried: OrderedDict[bytes, tuple[Claim, float]] = OrderedDict()
        self._failed: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self.counts: Counter[str] = Counter()

    # -- hooks ---------------------------------------------------------------------------------

    def client_connected(self, client: connection.Client) -> None:
        """Take a balancer's word for the certificate that it was shown."""
        name = clean_name(self._told(client))
        if name:
            self._bound[client.id] = Claim(name, "", _BY_BALANCER)

    def tls_established_client(self, data: tls.TlsData) -> None:
        """See whose certificate was shown in TLS to the proxy itself; it has been verified."""
        shown = data.conn.certificate_list
        if not self._client_name or not shown or not is_front(data.context):
            return
        bearer = read_bearer(shown[0].to_cryptography(), self._client_name)
        if bearer is None:
            log.warning("a client's certificate has no %s to know it by", self._client_name)
            return
        left = (bearer.until - datetime.now(UTC)).total_seconds()
        self._bound[data.conn.id] = Claim(
            bearer.name, "", _BY_CERTIFICATE, self._clock() + left, bearer.units, bearer.serial
        )

    def http_connect(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        """Have the client say who it is before its tunnel is opened."""
        if PRINCIPAL in flow.metadata:  # the proxy's own test
            return None
        claim = self._bound.get(flow.client_conn.id)
        if claim is not None and claim.is_certified:
            flow.request.headers.pop("proxy-authorization", None)
            self._accept(flow, claim, bind=False)
            return None
        return self._admit(flow, bind=True)

    def requestheaders(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        """The same for a request without a tunnel; in a tunnel, what was shown with its CONNECT."""
        if PASSAGE in flow.metadata or PRINCIPAL in flow.metadata:  # the proxy's own page or test
            return None
        claim = self._bound.get(flow.client_conn.id)
        if claim is None:
            return self._admit(flow, bind=False)
        principal = self._principal(claim)
        if principal is None:
            self.counts["revoked"] += 1
        flow.metadata[PRINCIPAL] = principal
        return None

    def client_disconnected(self, client: connection.Client) -> None:
        """Forget whose connection it was."""
        self._bound.pop(client.id, None)

    def of(self, client: connection.Client) -> Principal | None:
        """Who a connection's client is by what it showed when it came, or by its network."""
        claim = self._bound.get(client.id)
        if claim is not None:
            return self._principal(claim)
        return self._clients.of_address(str(client.peername[0]))

    # -- judging -------------------------------------------------------------------------------

    def _admit(self, flow: http.HTTPFlow, *, bind: bool) -> Awaitable[None] | None:
        address = address_of(flow)
        mapped = self._clients.of_address(address)
        header = flow.request.headers.pop("proxy-authorization", "") if self._required else ""
        if not self._required or (mapped is not None and not header):
            if mapped is not None:
                flow.metadata[PRINCIPAL] = mapped
            return None
        shown = parse_credentials(header)
        if shown is None:
            if header:
                self._count_failure(address)
            self._refuse(flow)
            return None
        self._refresh()
        known = self._known(shown)
        if known is not None:
            self._accept(flow, known, bind=bind)
            return None
        if self._is_barred(address):
            self.counts["barred"] += 1
            _answer(flow, too_many())
            return None
        if shown.secret.startswith(PREFIX):
            self._fail(flow, address)
            return None
        return self._try(flow, shown, address, bind=bind)

    async def _try(self, flow: http.HTTPFlow, shown: Shown, address: str, *, bind: bool) -> None:
        user = self._accounts.users.get(shown.name)
        async with self._slots:
            # Others may have shown the same, or too much that was wrong, while this one waited.
            known = self._known(shown)
            if known is None and self._is_barred(address):
                _answer(flow, too_many())
                return
            claim = known or await in_thread(self._fitting, shown, user)
        if isinstance(claim, StateError):
            log.error("nobody can tell who a client at %s is: %s", address, claim.code)
            self.counts["unknown"] += 1
            _answer(flow, unavailable())
            return
        if claim is None:
            self._fail(flow, address)
            return
        self._failed.pop(address, None)
        self._tried[self._digest(shown)] = claim, self._clock() + REMEMBERED_SECONDS
        while len(self._tried) > _MOST:
            self._tried.popitem(last=False)
        self._accept(flow, claim, bind=bind)

    def _fitting(self, shown: Shown, user: User | None) -> Claim | StateError | None:
        """Whom a password fits: tried by the list where the name is in it or there is no directory,
        else by that."""
        if user is not None or self._directory is None:
            stored = user.secret if user else ""
            fits = is_password(stored, shown.secret)
            return Claim(shown.name, "", stored) if fits else None
        try:
            members = self._directory.members(shown.name, shown.secret)
        except StateError as fault:
            return fault
        if members is None:
            return None
        # To a directory Ada is ada; to budgets they must not be two.
        name, until = shown.name.lower(), self._clock() + DAY_SECONDS
        return Claim(name, "", _BY_DIRECTORY, until, members)

    def _known(self, shown: Shown) -> Claim | None:
        if shown.secret.startswith(PREFIX):
            token = self._accounts.of_token(shown.secret, datetime.now(UTC))
            if token is None or shown.name not in _ANY_NAME | {token.user}:
                return None
            return Claim(token.user, token.digest, "")
        digest = self._digest(shown)
        claim, until = self._tried.get(digest, (None, 0.0))
        if claim is None:
            return None
        if self._clock() > until or self._principal(claim) is None:
            del self._tried[digest]
            return None
        return claim

    def _accept(self, flow: http.HTTPFlow, claim: Claim, *, bind: bool) -> None:
        principal = self._principal(claim)
        if principal is None:
            self._refuse(flow)
            return
        self.counts["admitted"] += 1
        flow.metadata[PRINCIPAL] = principal
        if bind:
            self._bound[flow.client_conn.id] = claim

    def _principal(self, claim: Claim) -> Principal | None:
        """Who a claim stands for by the users as they are now; None where it holds no longer."""
        if claim.is_certified:
            return self._certified(claim)
        self._refresh()
        user = self._accounts.users.get(claim.user)
        if claim.stored == _BY_DIRECTORY and user is None and self._clock() < claim.until:
            user = User(name=claim.user, secret=_BY_DIRECTORY)
        if user is None:
            return None
        source = "ldap" if claim.stored == _BY_DIRECTORY else "basic"
        if claim.token:
            token = self._accounts.tokens.get(claim.token)
            if token is None or not token.is_good(datetime.now(UTC)):
                return None
            source = f"token:{token.device}"
        elif user.secret != claim.stored:
            return None
        group = self._clients.group_of(user.name, claim.members) or user.group
        return Principal(id=f"user:{user.name}", source=source, group=group)

    def _certified(self, claim: Claim) -> Principal | None:
        revoked = self._revoked is not None and claim.serial and self._revoked.has(claim.serial)
        if revoked or self._clock() > claim.until:
            return None
        group = self._clients.group_of(claim.user, claim.members)
        return Principal(id=f"cert:{claim.user}", source=claim.stored, group=group)

    def _refresh(self) -> None:
        stamp = self._file.stamp()
        if stamp == self._stamp:
            return
        try:
            self._accounts = self._file.read()
        except ExciseError as fault:
            self._accounts = Accounts()  # nobody is let in by a list that cannot be read
            log.error("the users cannot be read: %s", fault.code)
        self._stamp = stamp

    def _digest(self, shown: Shown) -> bytes:
        text = f"{len(shown.name)}:{shown.name}{shown.secret}"
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256")

    # -- refusing ------------------------------------------------------------------------------

    def _fail(self, flow: http.HTTPFlow, address: str) -> None:
        self._count_failure(address)
        log.warning("a client at %s showed wrong credentials", address)
        self._refuse(flow)

    def _refuse(self, flow: http.HTTPFlow) -> None:
        self.counts["refused"] += 1
        _answer(flow, challenge())

    def _count_failure(self, address: str) -> None:
        count, until = self._failed.pop(address, (0, 0.0))
        if self._clock() > until:
            count, until = 0, self._clock() + WINDOW_SECONDS
        if count in (0, FAILURES - 1):  # a line for the first and the last, not for each try
            self._told_of(address, "credentials-barred" if count else "credentials-wrong")
        self._failed[address] = count + 1, until
        while len(self._failed) > _MOST:
            self._failed.popitem(last=False)

    def _is_barred(self, address: str) -> bool:
        count, until = self._failed.get(address, (0, 0.0))
        return count >= FAILURES and self._clock() <= until


def _answer(flow: http.HTTPFlow, response: http.Response) -> None:
    flow.response = response
    flow.metadata[PASSAGE] = Passage(opaque=True, own=True)


def parse_credentials(header: str) -> Shown | None:
    """What a Proxy-Authorization header shows: Basic (RFC 7617) or a Bearer token; None where it
    can be neither."""
    scheme, _, value = header.strip().partition(" ")
    value = value.strip()
    if not value or len(header) > _LONGEST:
        return None
    if scheme.lower() == "bearer":
        return Shown("", value) if value.startswith(PREFIX) else None
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    name, colon, secret = text.partition(":")
    return Shown(name, secret) if colon and secret else None


def challenge() -> http.Response:
    """407 with what we take (RFC 9110 §11.7.1); the same whatever was wrong."""
    response = http.Response.make(
        407,
        b"This proxy wants to know who you are. Put your name and password, or a device's token, "
        b"into the proxy URL.\n",
        {"content-type": "text/plain; charset=utf-8"},
    )
    response.headers.set_all(
        "proxy-authenticate",
        [f'Basic realm="{REALM}", charset="UTF-8"', f'Bearer realm="{REALM}"'],
    )
    return response


def unavailable() -> http.Response:
    """503: the directory that knows this user cannot be asked."""
    return http.Response.make(
        503,
        b"Nobody can tell at the moment who you are. Try again in a minute.\n",
        {"content-type": "text/plain; charset=utf-8", "retry-after": "60"},
    )


def too_many() -> http.Response:
    """429: this address has to wait before anything else it shows is tried."""
    return http.Response.make(
        429,
        b"Too many wrong credentials came from this address. Try again in a minute.\n",
        {"content-type": "text/plain; charset=utf-8", "retry-after": str(int(WINDOW_SECONDS))},
    )
