"""Breaks what the proxy stands on, one thing at a time, on loopback, and prints a table of it:
the cause, what the client saw, what reached upstream, what the audit says.

Every request carries a planted key; a row whose key reached upstream ends the run with status 1.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from faults_store import PROGRAM, Store

from excise.audit.reader import find_records
from excise.cli.bench_rig import tree
from excise.cli.demo_stage import ProxyProcess
from excise.errors import AuditError
from excise.rules.fillers import fill
from excise.standin.server import StandIn

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "reference" / "faults.md"
SCENES: Final = ("upstream", "machine", "worker", "store", "clock")
PATIENCE: Final = 8.0  # seconds that the client waits
UPSTREAM_SECONDS: Final = 4  # that the proxy waits for a silent peer here; 600 as shipped
GOOD, DEAD, SILENT, BROKEN, MUTE = (
    "api.openai.com", "api.mistral.ai", "api.deepseek.com", "api.groq.com", "openrouter.ai",
)  # fmt: skip


class Row(NamedTuple):
    """One line of the table."""

    cause: str
    client: str
    upstream: str
    audit: str


class Scene:
    """A proxy, its stand-in, and what came of the requests since the last look."""

    def __init__(self, proxy: ProxyProcess, standin: StandIn) -> None:
        self.proxy = proxy
        self.standin = standin
        self.others: list[bytes] = []  # what upstreams beside the stand-in got
        self._trust = proxy.trust(standin.ca)
        self._seen = 0
        self._asked = 0
        self.look()

    def ask(
        self, prompt: str = "hello", *, host: str = GOOD, stream: bool = False,
        patience: float = PATIENCE,
    ) -> str:  # fmt: skip
        """One request with a planted key; in words, what its client saw."""
        text = f"the key is {fill('AKIA{base32:16}', str(time.time_ns()))}; {prompt}"
        body = {"model": "m", "messages": [{"role": "user", "content": text}], "stream": stream}
        began = time.monotonic()
        client = http.client.HTTPSConnection(
            "127.0.0.1", self.proxy.port, context=self._trust, timeout=patience
        )
        try:
            client.set_tunnel(host, 443)
            client.request(
                "POST", "/v1/chat/completions", json.dumps(body),
                {"content-type": "application/json", "authorization": "Bearer none"},
            )  # fmt: skip
            answer = client.getresponse()
            seen = f"{answer.status}"
            try:
                whole = answer.read()
                if stream and answer.status == 200:
                    seen += ", whole" if b"[DONE]" in whole else ", cut"
            except http.client.IncompleteRead:
                seen += ", cut"
        except TimeoutError:
            seen = "nothing"
        except (OSError, http.client.HTTPException):
            seen = "connection closed"
        finally:
            client.close()
        took = time.monotonic() - began
        return f"{seen} after {took:.0f} s" if took > 1.5 else seen

    def look(self) -> tuple[str, str]:
        """What reached upstream and what the trail says since the last look, in words."""
        time.sleep(0.4)
        with suppress(AuditError):
            records = list(find_records(self.proxy.trail))
            fresh, self._seen = records[self._seen :], len(records)
        received = [got.body for got in list(self.standin.received)[self._asked :]]
        self._asked += len(received)
        received += self.others
        self.others.clear()
        bare = sum(b"AKIA" in got for got in received)
        if bare:
            raise SystemExit(f"a planted key reached upstream in {bare} requests")
        reached = f"{len(received)} requests, cut" if received else "nothing"
        return reached.replace("1 requests", "1 request"), told(fresh)


def told(records: Sequence[dict[str, Any]]) -> str:
    """The lines of a trail in words: stage and action, or what happened."""
    words: Counter[str] = Counter()
    for record in records:
        stage = record["stage"]
        if stage in ("start", "stop", "checkpoint"):
            continue
        if stage == "notice":
            words[record["notice"]["event"]] += 1
        elif stage == "fault":
            words[f"fault: {record['fault']['kind']}"] += 1
        elif stage == "gap":
            words[f"gap: {record['lost']} refused"] += 1
        else:
            ended = record.get("upstream", {}).get("ended", "")
            reasons = [each for each in record.get("reasons", ()) if ":" not in each]
            said = [*reasons, *([ended] if ended not in ("", "whole") else [])]
            acted = " ".join([stage, *filter(None, [record.get("action", "")])])
            words[f"{acted}{''.join(f' ({w})' for w in said)}"] += 1
    shown = (f"{count} × {word}" if count > 1 else word for word, count in words.items())
    return ", ".join(shown) or "no line"


# -- upstream ------------------------------------------------------------------------------------


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port whose connections are handed to `serve`, each in a thread."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        held: list[socket.socket] = []

        def accept() -> None:
            with suppress(OSError):
                while True:
                    taken, _ = server.accept()
                    held.append(taken)
                    threading.Thread(target=serve, args=(taken,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
    for each in held:
        each.close()


def keep_quiet(taken: socket.socket) -> None:
    """Half-open: it takes the connection and says nothing, not even in TLS."""


def speak_nonsense(taken: socket.socket) -> None:
    """TLS that is none."""
    with suppress(OSError):
        taken.recv(1000)
        taken.sendall(b"\x16\x03\x03\x00\x05nope!")
        taken.close()


def never_answer(standin: StandIn, got: list[bytes]) -> Callable[[socket.socket], None]:
    """It shakes hands, takes the request and never answers."""
    context = standin.context_for(MUTE)

    def serve(taken: socket.socket) -> None:
        with suppress(OSError), context.wrap_socket(taken, server_side=True) as wrapped:
            got.append(wrapped.recv(65536))
            while more := wrapped.recv(65536):
                got[-1] += more

    return serve


def upstream_rows(scene: Scene) -> Iterator[Row]:
    """Faults behind the proxy."""
    asked: tuple[tuple[str, Callable[[], str]], ...] = (
        ("none, to compare", scene.ask),
        ("upstream slow: 50 ms before every piece",
         lambda: scene.ask("a b c " * 20 + "standin:slow standin:chunk=12", stream=True)),
        ("upstream dead: nobody listens", lambda: scene.ask(host=DEAD)),
        ("upstream half-open: it accepts and says nothing", lambda: scene.ask(host=SILENT)),
        ("upstream takes the request and never answers", lambda: scene.ask(host=MUTE)),
        ("upstream cut in the middle of a stream",
         lambda: scene.ask("word " * 40 + "standin:die=20", stream=True)),
        ("upstream cut in the middle of a whole answer", lambda: scene.ask("standin:die=1")),
        ("upstream's TLS broken: no handshake", lambda: scene.ask(host=BROKEN)),
    )  # fmt: skip
    for cause, ask in asked:
        seen = ask()
        yield Row(cause, seen, *scene.look())


# -- this machine --------------------------------------------------------------------------------


def disk_full(scene: Scene) -> Row:
    """The trail cannot grow."""
    pid, trail = scene.proxy.process.pid, scene.proxy.trail
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (trail.stat().st_size, resource.RLIM_INFINITY))
    try:
        seen = Counter(scene.ask() for _ in range(5))
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    return Row(
        "disk full, then free again", f"{_counted(seen)}; then {_again(scene)}", *scene.look()
    )


def files_exhausted(scene: Scene) -> Row:
    """No file descriptor is left."""
    pid = scene.proxy.process.pid
    used = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 1, before[1]))
    try:
        seen = Counter(scene.ask(patience=3) for _ in range(3))
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    time.sleep(1.5)
    return Row(
        "file descriptors exhausted, then free again", f"{_counted(seen)}; then {scene.ask()}",
        *scene.look(),
    )  # fmt: skip


def idle_connections(scene: Scene) -> Row:
    """As many open connections as there are descriptors for, at most 10 000."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(10_000, soft - 500)
    place, held = ("127.0.0.1", scene.proxy.port), []
    before = _resident(scene.proxy.process.pid)
    try:
        for _ in range(wanted):
            held.append(socket.create_connection(place, timeout=20))  # noqa: PERF401  # closed below
        seen = scene.ask(patience=60)  # behind all of them
        time.sleep(2)
        kept = sum(map(_is_open, held))
        grown = _resident(scene.proxy.process.pid) - before
    finally:
        for each in held:
            each.close()
    time.sleep(5)
    saw = (
        f"{kept} stay open, {len(held) - kept} are closed, at {grown:.0f} MB more; another client: "
        f"{seen}; afterwards {scene.ask()}"
    )
    cause = f"{len(held):,} idle connections, where a process may have {soft:,} files"
    return Row(cause, saw, *scene.look())


def slow_heads(scene: Scene) -> Row:
    """Heads that never end."""
    held = [socket.create_connection(("127.0.0.1", scene.proxy.port)) for _ in range(200)]
    began = time.monotonic()
    for each in held:
        each.sendall(b"POST http://" + GOOD.encode() + b"/v1/x HTTP/1.1\r\nx-a: ")
    seen = scene.ask()
    while any(map(_is_open, held)) and time.monotonic() - began < 60:
        for each in held:
            with suppress(OSError):
                each.sendall(b"b")
        time.sleep(2)
    took = time.monotonic() - began
    left = sum(map(_is_open, held))
    for each in held:
        each.close()
    saw = f"{len(held) - left} cut off after {took:.0f} s; another client meanwhile: {seen}"
    return Row("slowloris: 200 heads that never end", saw, *scene.look())


def worker_killed(scene: Scene) -> Row:
    """SIGKILL under load, once for each of two workers."""
    seen: Counter[str] = Counter()
    going = threading.Event()

    def lane() -> None:
        while not going.is_set():
            seen[scene.ask()] += 1

    lanes = [threading.Thread(target=lane) for _ in range(4)]
    for each in lanes:
        each.start()
    for number in range(2):
        time.sleep(1.5)
        os.kill(tree(scene.proxy.process.pid)[1 + number], signal.SIGKILL)
    time.sleep(1.5)
    going.set()
    for each in lanes:
        each.join()
    return Row(
        "both of two workers killed under load, one after the other", _counted(seen), *scene.look()
    )


def clock_jumps(scene: Scene, shift: Path) -> Row:
    """A day on, and two days back."""
    seen = Counter([scene.ask()])
    for seconds in (86_400, -86_400):
        shift.write_text(str(seconds))
        time.sleep(1.2)
        seen[scene.ask()] += 1
        seen[scene.ask("again", stream=True)] += 1
    return Row("the clock jumps a day ahead, then two days back", _counted(seen), *scene.look())


def store_gone(scene: Scene, store: Store) -> Row:
    """The server that nodes share is away, and comes back."""
    store.kill()
    seen = Counter(scene.ask() for _ in range(3))
    store.start()
    return Row("Redis gone, then back", f"{_counted(seen)}; then {_again(scene)}", *scene.look())


def store_hangs(scene: Scene, store: Store) -> Row:
    """The server that nodes share takes connections and says nothing, and goes on."""
    store.hang()
    try:
        seen = Counter(scene.ask() for _ in range(3))
    finally:
        store.go_on()
    return Row(
        "Redis hangs, then goes on", f"{_counted(seen)}; then {_again(scene)}", *scene.look()
    )


def _again(scene: Scene) -> str:
    """What clients see once it is over; tried for a while."""
    until = time.monotonic() + 15
    while (back := scene.ask()) != "200" and time.monotonic() < until:
        time.sleep(0.2)
    return back


# -- the run -------------------------------------------------------------------------------------


def rows(only: str) -> Iterator[Row]:
    """Every row whose scene is asked for, on as few proxies as can be."""
    with tempfile.TemporaryDirectory(prefix="excise-faults-") as name:
        folder = Path(name)
        if only in ("", "upstream", "machine"):
            yield from _first(folder / "first", only)
        if only in ("", "worker"):
            with _started(folder / "second", ["--workers", "2"]) as scene:
                yield worker_killed(scene)
        if only in ("", "store"):
            yield from _shared(folder / "shared")
        if only in ("", "clock"):
            shift = folder / "shift"
            os.environ["CLOCK_SHIFT"] = str(shift)
            program = (str(Path(__file__).with_name("faults_clock.py")),)
            with _started(folder / "third", [], program) as scene:
                yield clock_jumps(scene, shift)


def _first(folder: Path, only: str) -> Iterator[Row]:
    with (
        StandIn(folder / "standin") as standin,
        listening(keep_quiet) as silent,
        listening(speak_nonsense) as broken,
        listening(never_answer(standin, got := [])) as mute,
        socket.create_server(("127.0.0.1", 0)) as dead,
    ):
        places = {DEAD: dead.getsockname()[1], SILENT: silent, BROKEN: broken, MUTE: mute}
        dead.close()
        words = [f"--resolve={host}=127.0.0.1:{port}" for host, port in places.items()]
        words += ["--set", f"tcp_timeout={UPSTREAM_SECONDS}"]
        if only in ("", "upstream"):
            with _warm(ProxyProcess(folder / "proxy", standin, words)) as proxy:
                scene = Scene(proxy, standin)
                scene.others = got
                yield from upstream_rows(scene)
        if only in ("", "machine"):
            with _warm(ProxyProcess(folder / "machine", standin)) as proxy:
                for row in (disk_full, files_exhausted, slow_heads, idle_connections):
                    yield row(Scene(proxy, standin))


def _warm(proxy: ProxyProcess) -> ProxyProcess:
    """Give it what the first one compiled, whose folder stays for the run."""
    cache = proxy.state / "cache"
    first = _FIRST.setdefault("cache", cache)
    if first.is_dir() and first != cache:
        shutil.copytree(first, cache)
    return proxy


_FIRST: Final[dict[str, Path]] = {}


def _shared(folder: Path) -> Iterator[Row]:
    if PROGRAM is None:
        print("LEFT OUT: redis-server is not installed", file=sys.stderr)
        return
    with Store(folder / "store") as store:
        words = store.prepare(folder / "proxy")
        with _started(folder, words) as scene:
            yield store_gone(scene, store)
            yield store_hangs(scene, store)


@contextmanager
def _started(
    folder: Path, words: list[str], program: Sequence[str] = ("-m", "excise")
) -> Iterator[Scene]:
    with (
        StandIn(folder / "standin") as standin,
        _warm(ProxyProcess(folder / "proxy", standin, words, program=program)) as proxy,
    ):
        yield Scene(proxy, standin)


def render(table: Sequence[Row]) -> str:
    """Markdown."""
    lines = ["| cause | the client saw | upstream got | the trail says |", "|---|---|---|---|"]
    lines += ["| " + " | ".join(row) + " |" for row in table]
    return "\n".join(lines) + "\n"


HEAD: Final = """# What came of faults

Written by `scripts/faults --write`, which breaks one thing at a time and looks.
Every request carries a planted key; none reached upstream: "cut" says so of the requests that did.
A silent peer was waited for 4 seconds here (`--set tcp_timeout`; 600 as shipped).

"""


def main() -> int:
    """Print the table; with `--write`, put it on its page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only", default="", choices=("upstream", "machine", "worker", "store", "clock")
    )
    parser.add_argument("--write", action="store_true", help="write docs/reference/faults.md, too")
    args = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard > 0 else soft, hard))
    table = []
    for row in rows(args.only):
        table.append(row)
        print(*row, sep="\n    ", flush=True)
    print("\n" + render(table))
    if args.write and not args.only:
        PAGE.write_text(HEAD + render(table), "utf-8")
    return 0


def _counted(seen: Counter[str]) -> str:
    return ", ".join(f"{count} × {what}" for what, count in seen.most_common())


def _is_open(held: socket.socket) -> bool:
    held.setblocking(False)
    try:
        return held.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        held.settimeout(20)


def _resident(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text("utf-8")
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024


if __name__ == "__main__":
    sys.exit(main())
