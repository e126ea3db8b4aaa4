"""`excise bench`: what Excise costs against plain mitmproxy, both in one run and in turns.

CPU is user and system time of the proxy's whole process tree; each figure is the median over the
rounds, each ratio the median of the rounds' ratios, so that a busy neighbour hits both sides.
"""

from __future__ import annotations

import argparse
import json
import pstats
import shlex
import signal
import statistics
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.table import Table

from excise.cli.bench_rig import Proxy, Rig
from excise.errors import ConfigError

EVENTS: Final = 200
_UP: Final = ("-m", "excise", "up")
BARS: Final[dict[str, float]] = {"request": 0.8, "stream": 1.3}


class Workload(NamedTuple):
    """What one measurement sends."""

    name: str
    kind: str  # `request` or `stream`
    size: int = 0
    fresh: bool = False
    lanes: int = 1

    def task(self, count: int, seed: str) -> dict[str, Any]:
        """As the client process takes it."""
        return {**self._asdict(), "count": count, "seed": seed}


WORKLOADS: Final = (
    Workload("1 KB, seen before", "request", 1_000),
    Workload("1 KB, all new", "request", 1_000, fresh=True),
    Workload("10 KB, seen before", "request", 10_000),
    Workload("10 KB, all new", "request", 10_000, fresh=True),
    Workload("SSE event", "stream", lanes=4),
)


class Sample(NamedTuple):
    """One round of one workload on one proxy; milliseconds."""

    cpu: float
    p50: float
    p99: float


Results = dict[str, dict[str, list[Sample]]]


def add_parser(subparsers: Any) -> None:
    """`excise bench` and its options."""
    parser = subparsers.add_parser("bench", help="added cost against plain mitmproxy in one run")
    add = parser.add_argument
    add("--rounds", type=int, default=5, help="default 5; each figure is the median over them")
    add("--requests", type=int, default=500, help="requests in a round (default 500)")
    add("--only", metavar="TEXT", default="", help="workloads whose name holds this")
    add("--also", metavar="NAME=COMMAND", action="append", default=[],
        help="another proxy that takes the options of `excise up`")  # fmt: skip
    add("--profile-name", metavar="NAME", help="the policy profile to run with")
    add("--detection", action="store_true", help="what looking at a text costs, without a proxy")
    add("--policy", action="store_true", help="what deciding costs, without a proxy")
    add("--load", action="store_true", help="throughput and latency by size, clients and workers")
    add("--memory", action="store_true", help="what is held after thousands of streams, messages")
    add(
        "--peers",
        action="store_true",
        help="with --detection: detect-secrets, Presidio and LLM Guard, too",
    )
    add("--json", action="store_true", help="print JSON instead of a table")
    add("--profile", action="store_true", help="say where Excise's own time goes")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Measure and print; exit status 1 where a bar is missed."""
    if args.detection:
        from excise.cli import bench_detect

        return bench_detect.run(
            args.profile_name or "balanced",
            rounds=args.rounds,
            peers=args.peers,
            as_json=args.json,
        )
    if args.policy:
        from excise.cli import bench_policy

        return bench_policy.run(rounds=args.rounds, as_json=args.json)
    if not Path("/proc/self/stat").exists():
        raise ConfigError("EXC-CFG-004", "CPU time is read from /proc, which only Linux has.")
    if args.load:
        from excise.cli import bench_table

        return bench_table.run(rounds=args.rounds, requests=args.requests, as_json=args.json)
    if args.memory:
        from excise.cli import bench_memory

        return bench_memory.run(args.profile_name, as_json=args.json)
    chosen = [load for load in WORKLOADS if args.only in load.name]
    with tempfile.TemporaryDirectory(prefix="excise-bench-") as folder:
        rig = Rig(Path(folder))
        try:
            rig.start_upstream(EVENTS)
            if args.profile:
                return _profile(rig, args, chosen)
            _start_proxies(rig, args)
            rig.settle()
            results = _measure(rig, args, chosen)
        finally:
            rig.close()
    if args.json:
        print(json.dumps(_as_json(results), indent=2))
    else:
        Console().print(_table(results))
    return 0 if _within_bars(results) else 1


def _options(args: argparse.Namespace) -> list[str]:
    return ["--profile", args.profile_name] if args.profile_name else []


def _start_proxies(rig: Rig, args: argparse.Namespace) -> None:
    rig.start_plain()
    rig.start_excise("excise", [sys.executable, "-O", *_UP], _options(args))
    for text in args.also:
        name, equals, command = text.partition("=")
        if not equals:
            raise ConfigError("EXC-CFG-001", f'--also "{text}" cannot be read.')
        rig.start_excise(name, shlex.split(command), [])


def _measure(rig: Rig, args: argparse.Namespace, chosen: list[Workload]) -> Results:
    results: Results = {load.name: defaultdict(list) for load in chosen}
    for round_ in range(-1, args.rounds):  # the first warms up and does not count
        for load in chosen:
            for proxy in rig.proxies:
                sample = _once(rig, proxy, load, args.requests, f"{load.name} {round_}")
                if round_ >= 0:
                    results[load.name][proxy.name].append(sample)
    return results


def _once(rig: Rig, proxy: Proxy, load: Workload, count: int, seed: str) -> Sample:
    units = count
    if load.kind == "stream":
        count = max(load.lanes, count * 6 // EVENTS)
        units = count * EVENTS
    latencies, cpu = rig.load(proxy, load.task(count, seed))
    ordered = sorted(latencies)
    return Sample(
        cpu=cpu / units * 1000,
        p50=statistics.median(ordered) * 1000,
        p99=ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1000,
    )


def _median(samples: list[Sample], name: str) -> float:
    return float(statistics.median(getattr(sample, name) for sample in samples))


def _ratio(results: dict[str, list[Sample]], name: str) -> float:
    pairs = zip(results[name], results["mitmdump"], strict=True)
    return statistics.median(ours.cpu / plain.cpu for ours, plain in pairs if plain.cpu)


def _within_bars(results: Results) -> bool:
    kinds = {load.name: load.kind for load in WORKLOADS}
    return all(
        _ratio(by_proxy, "excise") <= BARS[kinds[name]] for name, by_proxy in results.items()
    )


def _as_json(results: Results) -> dict[str, Any]:
    return {
        name: {
            proxy: {
                **{field: round(_median(samples, field), 4) for field in Sample._fields},
                "cpu_ratio": round(_ratio(by_proxy, proxy), 3),
                "rounds": [sample._asdict() for sample in samples],
            }
            for proxy, samples in by_proxy.items()
        }
        for name, by_proxy in results.items()
    }


def _table(results: Results) -> Table:
    table = Table(title="CPU per request or event, and latency of a whole request")
    for head in ("workload", "proxy", "CPU ms", "× mitmdump", "p50 ms", "p99 ms"):
        table.add_column(head, justify="left" if head in ("workload", "proxy") else "right")
    for name, by_proxy in results.items():
        for proxy, samples in by_proxy.items():
            streamed = name == "SSE event"
            table.add_row(
                name if proxy == "mitmdump" else "",
                proxy,
                f"{_median(samples, 'cpu'):.3f}",
                f"{_ratio(by_proxy, proxy):.2f}",
                "" if streamed else f"{_median(samples, 'p50'):.2f}",
                "" if streamed else f"{_median(samples, 'p99'):.2f}",
            )
        table.add_section()
    return table


# -- profile -----------------------------------------------------------------------------------


def _profile(rig: Rig, args: argparse.Namespace, chosen: list[Workload]) -> int:
    """Run Excise under cProfile and add up the time by package."""
    dump = rig.folder / "profile"
    command = [sys.executable, "-O", "-m", "cProfile", "-o", str(dump), *_UP]
    proxy = rig.start_excise("excise", command, _options(args))
    units = 0
    for load in chosen:
        rig.load(proxy, load.task(args.requests, load.name))
        units += args.requests
    proxy.process.send_signal(signal.SIGTERM)
    proxy.process.wait(30)
    stats: Any = pstats.Stats(str(dump))
    _print_profile(stats.stats, units, as_json=args.json)
    return 0


def _print_profile(stats: dict[Any, Any], units: int, *, as_json: bool) -> None:
    groups: dict[str, float] = defaultdict(float)
    functions: list[tuple[float, int, str]] = []
    for (path, line, function), (_, calls, own, _, _) in stats.items():
        group = _group(path, function)
        groups[group] += own
        functions.append((own, calls, f"{group}: {Path(path).name}:{line} {function}"))
    functions.sort(reverse=True)
    top = sorted(groups.items(), key=lambda item: -item[1])
    if as_json:
        shown = {name: own * 1000 / units for name, own in top}
        print(json.dumps({"ms_per_request": shown}, indent=2))
        return
    table = Table(title="own time by package, ms per request (cProfile inflates small calls)")
    table.add_column("where")
    table.add_column("ms", justify="right")
    for name, own in top[:20]:
        table.add_row(name, f"{own * 1000 / units:.3f}")
    table.add_section()
    for own, calls, name in functions[:40]:
        table.add_row(f"{name} ×{calls / units:.1f}", f"{own * 1000 / units:.3f}")
    Console().print(table)


def _group(path: str, function: str) -> str:
    for package in ("excise", "mitmproxy", "asyncio", "OpenSSL", "h11", "logging"):
        mark = f"/{package}/"
        if mark in path:
            if package == "excise":
                return "excise/" + path.rpartition("/excise/")[2].partition("/")[0]
            return package
    if path == "~":
        return "built in: waiting" if "poll" in function else "built in"
    return "standard library and others"
