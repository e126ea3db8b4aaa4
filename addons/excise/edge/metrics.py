"""Counters for Prometheus, fed from audit records in one place, and from counters read when asked.

A record is counted into plain dictionaries, since traffic waits for it; names, types and texts are
put to the numbers when somebody scrapes. Labels are names of the operator's (groups, rules,
providers) and closed words, never users, models or paths; a family holds at most `MAX_SERIES`
series, and what comes later is counted under `other`.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from excise.edge.ports import Record, Trail
from excise.errors import AuditError
from excise.model import Action

MAX_SERIES: Final = 1000
# Upper bounds in milliseconds; timings of records are milliseconds, metrics are seconds.
BUCKETS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 1000.0, 5000.0)
STEPS: Final = ("detect", "total")
_OTHER: Final = "other"
_RANK: Final = {str(action): action.rank for action in Action}
_SUMMED: Final = (("bytes", "in"), ("bytes", "out"))
_COUNTED: Final = ("input", "output")
_RARE: Final = frozenset({"reasons", "missing", "override", "edits", "restored"})
_UNINSPECTABLE: Final = "uninspectable:"


class Family(NamedTuple):
    """One metric: `kind` is `counter`, `gauge` or `histogram`; counters are shown with `_total`."""

    name: str
    kind: str
    labels: tuple[str, ...]
    doc: str

    @property
    def shown(self) -> tuple[str, ...]:
        """The names of its samples."""
        ends = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}
        return tuple(self.name + end for end in ends.get(self.kind, ("",)))


FAMILIES: Final = (
    Family("excise_messages", "counter", ("stage", "action", "group", "provider"),
           "Messages judged, by what was done; `stage` is request, response or stream."),
    Family("excise_shadow", "counter", ("stage", "would", "group"),
           "Messages on which more would have been done with shadow rules enforced."),
    Family("excise_afterthoughts", "counter", ("result",),
           "Messages about which detectors that only rules in shadow read were `asked`, or were "
           "not since too many waited (`shed`), or in vain (`failed`)."),
    Family("excise_afterthoughts_waiting", "gauge", (), "Those that wait or are asked about."),
    Family("excise_findings", "counter", ("rule", "action", "mode"),
           "Findings by rule; equal ones of a message count as often as they stand in it."),
    Family("excise_uninspectable", "counter", ("reason", "action"),
           "Messages that could not be read, by why."),
    Family("excise_reasons", "counter", ("reason",),
           "Messages judged for another reason than a rule, such as `host-mismatch`."),
    Family("excise_overrides", "counter", ("group",), "Refusals that users overruled."),
    Family("excise_edits", "counter", ("group",), "Spans that were replaced."),
    Family("excise_restored", "counter", ("group",), "Placeholders that were put back."),
    Family("excise_tokens", "counter", ("group", "provider", "tariff", "kind"),
           "Tokens of exchanges; `kind` is input or output, `tariff` as for the cost."),
    Family("excise_cost_dollars", "counter", ("group", "provider", "tariff"),
           "US dollars by `prices.yaml`; `tariff` is the model as that table names it: the first "
           "pattern of the price that counted, or `otherwise`."),
    Family("excise_bytes", "counter", ("stage", "kind"),
           "Bytes of bodies; `kind` is in or out of the proxy."),
    Family("excise_upstream", "counter", ("provider", "status"),
           "Answers of providers by class of status, such as `5xx`."),
    Family("excise_detector_failures", "counter", ("detector",),
           "Messages on which a detector did not answer."),
    Family("excise_faults", "counter", ("kind",), "Faults of our own; each was a refusal."),
    Family("excise_notices", "counter", ("event",),
           "Events for operators, such as `limit-warning` and `policy-rejected`."),
    Family("excise_pinned", "counter", ("provider",),
           "Clients that would not take our certificate: pinned, or without the CA."),
    Family("excise_audit_refused", "counter", ("code",),
           "Records that the trail did not take; each was a refusal."),
    Family("excise_step_seconds", "histogram", ("step",),
           "Time that a message spent in the detectors (`detect`) and in the firewall (`total`)."),
    Family("excise_connections", "counter", ("kind",),
           "Connections by what became of them: `tunnel` was passed on unread, `refused-…` was not "
           "served, `tls-failed-client` did not take our certificate, `proxy-tls-failed` came to "
           "nothing in TLS to the proxy itself."),
    Family("excise_hook_faults", "counter", ("hook",), "Hooks that raised."),
    Family("excise_cache", "counter", ("cache", "result"),
           "Texts whose verdict was remembered (`hit`) or worked out (`miss`)."),
    Family("excise_active_exchanges", "gauge", (), "Exchanges under way."),
    Family("excise_open_sockets", "gauge", (), "WebSockets that are open."),
    Family("excise_audit_queue", "gauge", (), "Records that are not on disk yet."),
    Family("excise_audit_writable", "gauge", (), "1 where the trail could be written last time."),
    Family("excise_sink_queue", "gauge", ("sink",), "Lines that a sink has not taken yet."),
    Family("excise_sink_lines", "counter", ("sink", "result"),
           "Lines that a sink took (`sent`) or that were lost to it (`dropped`)."),
    Family("excise_sink_failures", "counter", ("sink",), "Batches that a sink did not take."),
    Family("excise_ready", "gauge", ("check",), "1 where this check of /readyz holds."),
    Family("excise_kill_switch", "gauge", (), "1 while the kill switch is on."),
    Family("excise_store_away", "gauge", (),
           "1 while all LLM traffic is refused since nobody can tell how the kill switch stands: "
           "what nodes share does not answer."),
    Family("excise_policy", "gauge", ("profile", "digest", "version"),
           "Always 1; its labels name the policy in force and the version of the product."),
    Family("excise_start_time_seconds", "gauge", (), "When the proxy started, Unix time."),
)  # fmt: skip

Labels = tuple[str, ...]
Readings = Mapping[Labels, float]
# What is read only when somebody asks: the name of a family, and its numbers by labels.
Source = Callable[[], Readings]


class Metrics:
    """The numbers of one process. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, dict[Labels, float]] = {
            each.name: {} for each in FAMILIES if each.kind == "counter"
        }
        # Messages of a kind: how many, and the sums of their numbers. One look-up a record.
        self._sums: dict[Labels, list[float]] = {}
        self._steps: dict[str, tuple[list[int], list[float]]] = {}
        self._sources: list[tuple[str, Source]] = []

    def read(self, family: str, source: Source) -> None:
        """Have a family read from `source` whenever somebody scrapes."""
        self._sources.append((family, source))

    def add(self, family: str, labels: Labels, amount: float = 1) -> None:
        """Count one thing."""
        with self._lock:
            self._add(family, labels, amount)

    def see(self, record: Record) -> None:
        """Count what a record says."""
        with self._lock:
            group = (record.get("principal") or _EMPTY).get("group", "")
            if "action" in record:
                self._see_message(record, group)
            elif "would" in record:
                self._add("excise_shadow", (record["stage"], record["would"], group))
                self._see_findings(record)
                self._see_rare(record, group)
            elif "fault" in record:
                self._add("excise_faults", (record["fault"]["kind"],))
            elif "notice" in record:
                self._add("excise_notices", (record["notice"]["event"],))
            elif "certificate-refused" in record.get("anomalies", ()):
                self._add("excise_pinned", (record.get("provider", ""),))

    def _see_message(self, record: Record, group: str) -> None:
        status = record.get("upstream", _EMPTY).get("status")
        sums = self._sums_of(
            (record["stage"], record["action"], record["would"], group,
             record.get("provider", ""), f"{status // 100}xx" if status else "")
        )  # fmt: skip
        sums[0] += 1
        for place, (field, name) in enumerate(_SUMMED, 1):
            if (held := record.get(field)) and name in held:
                sums[place] += held[name]
        if usage := record.get("usage"):
            self._see_usage(usage, group, record.get("provider", ""))
        if timings := record.get("timings"):
            for step in STEPS:
                if step in timings:
                    self._observe(step, timings[step])
        self._see_findings(record)
        if not _RARE.isdisjoint(record):
            self._see_rare(record, group)

    def _see_usage(self, usage: Mapping[str, Any], group: str, provider: str) -> None:
        # Models are named by clients, tariffs by the operator's table.
        of = (group, provider, usage.get("tariff", ""))
        for kind in _COUNTED:
            if tokens := usage.get(kind):
                self._add("excise_tokens", (*of, kind), tokens)
        if cost := usage.get("cost"):
            self._add("excise_cost_dollars", of, cost)

    def _see_findings(self, record: Record) -> None:
        for ruling in record.get("rulings", ()):
            labels = (ruling["rule"], ruling["action"], ruling["mode"])
            self._add("excise_findings", labels, ruling["count"])

    def _sums_of(self, kind: Labels) -> list[float]:
        sums = self._sums.get(kind)
        if sums is None:
            if len(self._sums) >= MAX_SERIES:
                kind = (*kind[:3], _OTHER, _OTHER, kind[5])
            sums = self._sums.setdefault(kind, [0.0] * (1 + len(_SUMMED)))
        return sums

    def _see_rare(self, record: Record, group: str) -> None:
        add = self._add
        for reason in record.get("reasons", ()):
            if reason.startswith(_UNINSPECTABLE):
                labels = (reason.removeprefix(_UNINSPECTABLE), record["action"])
                add("excise_uninspectable", labels)
            else:
                add("excise_reasons", (reason,))
        for detector in record.get("missing", ()):
            add("excise_detector_failures", (detector,))
        if "override" in record:
            add("excise_overrides", (group,))
        for name in ("edits", "restored"):
            if name in record:
                add(f"excise_{name}", (group,), record[name])

    def _add(self, family: str, labels: Labels, amount: float = 1) -> None:
        counts = self._counts[family]
        if labels not in counts and len(counts) >= MAX_SERIES:
            labels = (_OTHER,) * len(labels)
        counts[labels] = counts.get(labels, 0) + amount

    def _observe(self, step: str, took: float) -> None:
        held = self._steps.get(step)
        if held is None:
            held = self._steps[step] = ([0] * (len(BUCKETS) + 1), [0.0])
        held[0][bisect_left(BUCKETS, took)] += 1
        held[1][0] += took

    # -- being scraped -------------------------------------------------------------------------

    def collect(self) -> Iterator[Any]:
        """The families as prometheus-client has them."""
        # Imported where it is asked for: most proxies are started without metrics.
        from prometheus_client.core import (
            CounterMetricFamily,
            GaugeMetricFamily,
            HistogramMetricFamily,
        )

        with self._lock:
            numbers = {name: dict(counts) for name, counts in self._counts.items()}
            sums = {kind: tuple(held) for kind, held in self._sums.items()}
            steps = {step: (list(counts), took[0]) for step, (counts, took) in self._steps.items()}
        for name, labels, amount in _spread(sums):
            held = numbers[name]
            held[labels] = held.get(labels, 0) + amount
        for name, source in self._sources:
            numbers.setdefault(name, {}).update(source())
        for family in FAMILIES:
            if family.kind == "histogram":
                histogram = HistogramMetricFamily(family.name, family.doc, labels=family.labels)
                for step, (counts, total) in steps.items():
                    histogram.add_metric([step], _cumulated(counts), total / 1000)
                yield histogram
                continue
            made = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
            shown = made(family.name, family.doc, labels=family.labels)
            for labels, number in numbers.get(family.name, {}).items():
                shown.add_metric(list(labels), number)
            yield shown

    def render(self) -> bytes:
        """The text that Prometheus scrapes (text format 0.0.4)."""
        from prometheus_client import CollectorRegistry, generate_latest

        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Collector(self.collect))
        return generate_latest(registry)


class CountedTrail:
    """A trail whose records are counted once it has taken them."""

    def __init__(self, trail: Trail, metrics: Metrics) -> None:
        self._trail = trail
        self._metrics = metrics

    async def commit(self, record: Record) -> None:
        """Returns once the record is on disk. Raises `AuditError`."""
        try:
            await self._trail.commit(record)
        except AuditError as fault:
            self._metrics.add("excise_audit_refused", (fault.code,))
            raise
        self._metrics.see(record)

    def offer(self, record: Record) -> None:
        """Queue a record. Raises `AuditError`."""
        try:
            self._trail.offer(record)
        except AuditError as fault:
            self._metrics.add("excise_audit_refused", (fault.code,))
            raise
        self._metrics.see(record)


def _spread(
    sums: Mapping[Labels, tuple[float, ...]],
) -> Iterator[tuple[str, Labels, float]]:
    """What the sums of messages of a kind are in the families."""
    for (stage, action, would, group, provider, status), numbers in sums.items():
        count, size_in, size_out = numbers
        yield "excise_messages", (stage, action, group, provider), count
        if _RANK[would] > _RANK[action]:
            yield "excise_shadow", (stage, would, group), count
        if status:
            yield "excise_upstream", (provider, status), count
        for kind, size in (("in", size_in), ("out", size_out)):
            if size:
                yield "excise_bytes", (stage, kind), size


class _Collector(NamedTuple):
    collect: Callable[[], Iterator[Any]]


def render_reference() -> Iterator[str]:
    """The reference of the metrics, in lines of Markdown."""
    yield "| metric | type | labels | says |"
    yield "|---|---|---|---|"
    for each in FAMILIES:
        name = each.shown[0] if each.kind == "counter" else each.name
        labels = ", ".join(f"`{label}`" for label in each.labels)
        yield f"| `{name}` | {each.kind} | {labels} | {each.doc} |"


def _cumulated(counts: list[int]) -> list[tuple[str, float]]:
    bounds = [repr(bound / 1000) for bound in BUCKETS]
    sums, total = [], 0
    for bound, count in zip([*bounds, "+Inf"], counts, strict=True):
        total += count
        sums.append((bound, float(total)))
    return sums


_EMPTY: Final[Mapping[str, Any]] = {}
