"""The page's server: for this machine, for whoever has the token, and for no page but its own.

Every request must name this server as its host, so that no foreign name can be pointed here; every
change must come from the page itself, with a word that only the page can read. Nothing of the trail
is put into HTML: answers are JSON, and the page shows texts as texts.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import ssl
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, HTTPError, RequestHandler

from excise.audit.fields import MAX_NAME
from excise.audit.reader import Record
from excise.audit.select import FILTERS, Wanted
from excise.dashboard import questions
from excise.dashboard.ledger import Ledger
from excise.dashboard.login import Login
from excise.errors import ExciseError

STATIC: Final = Path(__file__).parent / "static"
# Path → file and its type. What is not here is not served.
PAGES: Final[Mapping[str, tuple[str, str]]] = {
    "/": ("index.html", "text/html; charset=utf-8"),
    **{
        f"/static/{name}": (name, "text/javascript; charset=utf-8")
        for name in ("app.js", "views.js", "verdict.js", "review.js", "charts.js", "dom.js")
    },
    "/static/style.css": ("style.css", "text/css; charset=utf-8"),
    "/static/icon.svg": ("icon.svg", "image/svg+xml"),
}
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
    "Server": "excise",
}
WORD_HEADER: Final = "X-Excise-Word"
_BODY: Final = 64_000  # bytes of a request
_MOST_LINES: Final = 500
_LONGEST: Final = 300  # characters of a filter

Given = Mapping[str, Any]


class Bad(Exception):
    """A request that cannot be answered; its text is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What stands behind the page. `asked` is what it may ask for besides the trail, `changes`
    what it may have done; both run on the ledger's thread that reads."""

    ledger: Ledger
    login: Login
    facts: Mapping[str, str] = field(default_factory=dict)
    asked: Mapping[str, Callable[[Given], Any]] = field(default_factory=dict)
    changes: Mapping[str, Callable[[Given], Any]] = field(default_factory=dict)


class Place(NamedTuple):
    """Where the page is served; `names` are hosts by which it may be called besides, `tls` is
    needed beyond this machine."""

    host: str
    port: int
    names: tuple[str, ...] = ()
    tls: ssl.SSLContext | None = None


def build_app(desk: Desk, hosts: frozenset[str], *, tls: bool) -> Application:
    """The handlers; `hosts` are all that a `Host` header may say."""
    told = {"desk": desk, "hosts": hosts, "scheme": "https" if tls else "http"}
    routes: list[Any] = [(path, _Page, {**told, "path": path}) for path in PAGES]
    routes += [(r"/login", _Login, told), (r"/logout", _Logout, told)]
    routes += [(r"/api/([a-z-]+)", _Api, told)]
    return Application(
        routes,
        default_handler_class=_Nothing,
        default_handler_args=told,
        log_function=lambda _: None,
        compress_response=True,
    )


async def serve(
    desk: Desk, place: Place, ready: Callable[[int], None], stop: asyncio.Event
) -> None:
    """Serve until `stop`; `ready` is told the port. Raises `OSError` where it cannot listen."""
    sockets = bind_sockets(place.port, address=place.host)
    port = sockets[0].getsockname()[1]
    names = {place.host, "localhost", "127.0.0.1", "::1", *place.names}
    hosts = frozenset(f"[{name}]:{port}" if ":" in name else f"{name}:{port}" for name in names)
    app = build_app(desk, hosts, tls=place.tls is not None)
    server = HTTPServer(
        app, ssl_options=place.tls, max_body_size=_BODY, max_header_size=16_384,
        idle_connection_timeout=120,
    )  # fmt: skip
    server.add_sockets(sockets)
    desk.ledger.start()
    ready(port)
    try:
        await stop.wait()
    finally:
        server.stop()
        await server.close_all_connections()
        desk.ledger.close()


class _Base(RequestHandler):
    """What every request must be, and every answer carries."""

    def initialize(self, desk: Desk, hosts: frozenset[str], scheme: str) -> None:
        self.desk = desk
        self._hosts = hosts
        self._scheme = scheme

    def set_default_headers(self) -> None:
        for name, value in HEADERS.items():
            self.set_header(name, value)

    def prepare(self) -> None:
        host = self.request.headers.get("Host", "").lower()
        if host not in self._hosts:
            raise HTTPError(421, reason="another host is asked for")
        if self.request.method in ("GET", "HEAD"):
            return
        origin = self.request.headers.get("Origin")
        kind = self.request.headers.get("Content-Type", "").partition(";")[0].strip()
        if origin not in (None, f"{self._scheme}://{host}") or kind != "application/json":
            raise HTTPError(403, reason="asked from elsewhere")

    @property
    def _cookie(self) -> str:
        # Cookies do not know ports: two of these on one machine must not log each other out.
        return f"excise-{self.request.host.rpartition(':')[2]}"

    def session(self) -> str:
        """The word of the session; raises where there is none."""
        name = self.get_cookie(self._cookie) or ""
        word = self.desk.login.word(name) if name else ""
        if not word:
            raise HTTPError(401, reason="log in first")
        return word

    def body(self) -> dict[str, Any]:
        """The request's JSON object; raises what `write_error` tells."""
        try:
            given = json.loads(self.request.body or b"{}")
        except ValueError:
            raise HTTPError(400, reason="no JSON") from None
        if not isinstance(given, dict):
            raise HTTPError(400, reason="no JSON object")
        return given

    def give(self, answer: Any) -> None:
        """Answer with JSON."""
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(json.dumps(answer, separators=(",", ":"), default=str))

    def write_error(self, status_code: int, **_: Any) -> None:
        self.give({"error": self._reason})


class _Nothing(_Base):
    """What is not served."""

    def prepare(self) -> None:
        super().prepare()
        raise HTTPError(404)


class _Page(_Base):
    """One file of the page; there is nothing in it that needs a login."""

    def initialize(self, path: str, **told: Any) -> None:  # type: ignore[override]
        super().initialize(**told)
        self._name, self._kind = PAGES[path]

    def get(self) -> None:
        self.set_header("Content-Type", self._kind)
        self.set_header("Cache-Control", "no-cache")
        self.finish((STATIC / self._name).read_bytes())


class _Login(_Base):
    """The token for a cookie."""

    def post(self) -> None:
        token = self.body().get("token")
        name = self.desk.login.open(token) if isinstance(token, str) else ""
        if not name:
            raise HTTPError(403, reason="that is not the token")
        self.set_cookie(
            self._cookie, name, path="/", httponly=True, samesite="Strict",
            secure=self._scheme == "https",
        )  # fmt: skip
        self.give({})


class _Logout(_Base):
    """The end of a session."""

    def post(self) -> None:
        self.desk.login.close(self.get_cookie(self._cookie) or "")
        self.clear_cookie(self._cookie, path="/")
        self.give({})


class _Api(_Base):
    """Questions by GET, changes by POST, both for sessions only."""

    def prepare(self) -> None:
        super().prepare()
        word = self.session()
        told = self.request.headers.get(WORD_HEADER, "")
        if self.request.method == "POST" and not hmac.compare_digest(word, told):
            raise HTTPError(403, reason="not asked by the page")

    async def get(self, name: str) -> None:
        if name == "session":
            return self.give({"word": self.session(), **self.desk.facts})
        if name not in _ANSWERS and name not in self.desk.asked:
            raise HTTPError(404)
        given = {key: self.get_query_argument(key) for key in self.request.query_arguments}
        if name in _ANSWERS:
            return await self._answer(lambda: _ANSWERS[name](self.desk, given))
        asked = self.desk.asked[name]
        return await self._answer(lambda: self.desk.ledger.read(lambda: asked(given)))

    async def post(self, name: str) -> None:
        if name not in self.desk.changes:
            raise HTTPError(404)
        change, given = self.desk.changes[name], self.body()
        await self._answer(lambda: self.desk.ledger.read(lambda: change(given)))

    async def _answer(self, begin: Callable[[], Any]) -> None:
        try:
            begun = begin()
            done = await asyncio.wrap_future(begun) if isinstance(begun, Future) else begun
        except Bad as fault:
            raise HTTPError(400, reason=str(fault)) from None
        except ExciseError as fault:
            self.set_status(503)
            return self.give({"error": str(fault), "code": fault.code})
        return self.give(done)


def wanted_of(given: Given, *, hourly: bool = True) -> Wanted:
    """The filters of a request. Raises `Bad`."""
    known = {name: value for name, value in given.items() if name in FILTERS}
    for name, value in known.items():
        if len(value) > _LONGEST or (name in ("since", "until") and not is_time(value)):
            raise Bad(f"{name} has a value it cannot have")
    wanted = Wanted(**known)
    if hourly and not wanted.is_hourly:
        raise Bad("times of counts are whole hours")
    return wanted


def is_time(text: str) -> bool:
    """Whether it is the beginning of a time as lines spell them."""
    whole = "2030-01-01T00:00:00.000Z"
    try:
        datetime.fromisoformat(text + whole[len(text) :])
    except ValueError:
        return False
    return len(text) <= len(whole)


def _number(given: Given, name: str, most: int) -> int:
    text = given.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise Bad(f"{name} is no number")
    return min(int(text), most)


def _lines(desk: Desk, given: Given) -> Future[list[Record]]:
    count = _number(given, "count", _MOST_LINES)
    return desk.ledger.lines(wanted_of(given, hourly=False), max(1, count))


def _live(desk: Desk, given: Given) -> dict[str, Any]:
    wanted = wanted_of(given, hourly=False)
    return desk.ledger.fresh(_number(given, "mark", 10**15), wanted)._asdict()


def _exchange(desk: Desk, given: Given) -> Future[list[Record]]:
    name, moment = given.get("id", ""), given.get("time", "")
    if not 0 < len(name) <= MAX_NAME or (moment and not (is_time(moment) and len(moment) > 13)):
        raise Bad("wanted an id, and the time of its line or none")
    return desk.ledger.exchange(name, moment)


def _counts(question: Callable[[Any, Wanted], Any]) -> Callable[[Desk, Given], Future[Any]]:
    return lambda desk, given: desk.ledger.count(question, wanted_of(given))


# Question → how it is answered.
_ANSWERS: Final[Mapping[str, Callable[[Desk, Given], Any]]] = {
    "overview": _counts(questions.overview),
    "shadow": _counts(questions.shadow),
    "coverage": _counts(questions.coverage),
    "lines": _lines,
    "live": _live,
    "exchange": _exchange,
}
QUESTIONS: Final[Sequence[str]] = tuple(_ANSWERS)
