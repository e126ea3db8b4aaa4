"""Who may import whom, and what the inner rings may not touch. The rings are described in
docs/architecture.md; this table is what holds."""

from __future__ import annotations

import ast
import sys
from typing import Final

import pytest
from architecture.sources import Module, modules

VALUES: Final = frozenset({"model", "sensitive", "errors", "strict"})
# How an audit line is built is pure; how it is written is not.
RECORD: Final = frozenset(
    {"audit.record", "audit.fields", "audit.words", "audit.chain", "audit.mapping"}
    | {"audit.trajectory"}
)
RING_3: Final = frozenset({"enforce"}) | RECORD

# Longest name that fits counts. A package may always import itself, save where audit is cut in two.
MAY_IMPORT: Final[dict[str, frozenset[str]]] = {
    # 0 values
    "": frozenset(),
    "model": frozenset(),
    "sensitive": frozenset(),
    "errors": frozenset(),
    "strict": frozenset({"errors"}),
    # 1 formats: not each other
    "codecs": VALUES,
    "text": VALUES,
    "rules": VALUES,
    "catalogue": VALUES,
    "pac": VALUES | {"catalogue"},
    "learn": VALUES,
    "learned": VALUES | {"learn"},
    "gateway": VALUES | {"catalogue"},
    # 2 judgement: detectors and policy do not know each other
    "detectors": VALUES | {"text", "rules"},
    "policy": VALUES,
    # 3 consequences
    "enforce": VALUES | {"codecs", "text", "rules"},
    **dict.fromkeys(RECORD, VALUES | {""} | RECORD),
    # 4 joining
    "pipeline": VALUES
    | {"learn"}
    | {"codecs", "text", "rules", "catalogue", "detectors", "policy"}
    | RING_3,
    # 5 world
    "state": VALUES,
    "audit": VALUES | RECORD | {"audit"},
    "kinds": frozenset(),
    "config": VALUES | {"kinds"},
    # the page over the trail
    "dashboard": VALUES | RECORD | {"audit"},
    "resources": VALUES,
    "folders": VALUES | {"resources", "state"},
    "signing": VALUES,
    "leaf": frozenset(),
    "standin": frozenset({"leaf"}),
    # the detectors for other frameworks
    "plugins": VALUES | {"text", "rules", "detectors", "resources"},
    # children of the proxy, and how they are asked
    "workers": VALUES | {"text"},
    # joining files to values: the one place that knows where each piece lives
    # limits: what they say, joined with where they are counted
    "metering": VALUES | {"policy", "state"},
    # where each of these is kept
    "ledger": VALUES | {"config", "state"},
    "assemble": VALUES
    | {"codecs", "text", "rules", "catalogue", "detectors", "policy", "enforce", "pipeline"}
    | {"state", "resources", "folders", "config", "workers"},
    # what is asked as a judge
    "judges": VALUES | {"detectors", "pipeline", "folders", "state", "workers"},
    # 6 edges: not each other, save that commands start the proxy
    "edge": VALUES | {"state"},
    # where the proxy is given its pieces, and what mitmdump loads
    "edge.parts": VALUES
    | {"assemble", "metering", "audit", "config", "pac", "pipeline", "state", "signing"}
    | {"workers", "folders", "judges", "ledger", "learned"}
    | RING_3,
    "edge.watched": VALUES | {"", "assemble", "audit", "config", "pipeline", "state"},
    "edge.script": VALUES | {"config"} | RING_3,
    "cli": VALUES
    | {"codecs", "text", "rules", "catalogue", "detectors", "policy", "pipeline", "state"}
    | {
        "audit",
        "config",
        "dashboard",
        "folders",
        "gateway",
        "kinds",
        "leaf",
        "learn",
        "learned",
        "ledger",
        "pac",
        "resources",
        "assemble",
        "standin",
        "workers",
        "",
    }
    | RING_3,
    "cli.up": VALUES
    | {"assemble", "audit", "config", "ledger", "pipeline", "state", "edge.master", "cli"}
    | {"edge.doubt", "edge.parts", "edge.resolve", "edge.settings", "edge.watched"}
    | RING_3,
    "__main__": frozenset({"cli.main"}),
}

# Who may import what from outside the standard library; nobody else may.
OUTSIDE: Final[dict[str, frozenset[str]]] = {
    "yaml": frozenset({"strict"}),
    "mitmproxy": frozenset({"edge"}),
    "h11": frozenset({"edge"}),
    "OpenSSL": frozenset({"edge"}),
    "wsproto": frozenset({"edge", "standin"}),
    "rich": frozenset({"cli"}),
    "openai": frozenset({"cli"}),
    "anthropic": frozenset({"cli"}),
    "hyperscan": frozenset({"detectors.patterns.hyper"}),
    "detect_secrets": frozenset(
        {"detectors.adopted.detect_secrets", "detectors.adopted.secrets_pack", "cli.bench_peers"}
    ),
    "presidio_analyzer": frozenset(
        {"detectors.adopted.presidio", "workers.deep", "plugins", "cli.bench_peers"}
    ),
    "regex": frozenset({"detectors.adopted.presidio"}),
    "spacy": frozenset({"workers.deep", "plugins", "cli.bench_peers"}),
    "tldextract": frozenset({"detectors.adopted.presidio", "workers.deep", "cli.bench_peers"}),
    "transformers": frozenset({"workers.deep"}),
    "tiktoken": frozenset({"workers.tokens"}),
    **dict.fromkeys(
        ("pypdf", "docx", "openpyxl", "pptx", "lxml"), frozenset({"workers.documents"})
    ),
    "urllib3": frozenset({"workers.judge"}),
    "botocore": frozenset({"signing"}),
    "tiktoken_ext": frozenset({"workers.tokens"}),
    "numpy": frozenset({"text", "detectors", "workers.onnx"}),
    **dict.fromkeys(("onnxruntime", "tokenizers"), frozenset({"workers.onnx"})),
    "pyrate_limiter": frozenset({"state.counters", "state.remote_counters"}),
    "cel_expr_python": frozenset({"policy.cel"}),
    "phonenumbers": frozenset({"detectors.patterns.phones"}),
    "brotli": frozenset({"codecs.framing.encoding", "standin.received"}),
    "zstandard": frozenset({"codecs.framing.encoding", "standin.received", "audit.archive"}),
    "duckdb": frozenset({"audit.query", "audit.counted"}),
    "tornado": frozenset({"dashboard"}),
    "opentelemetry": frozenset({"audit.sinks.otlp"}),
    "requests": frozenset({"audit.sinks.otlp"}),
    "confluent_kafka": frozenset({"audit.sinks.kafka"}),
    "prometheus_client": frozenset({"edge.metrics"}),
    "cryptography": frozenset({"state", "cli", "standin", "leaf"}),
    "certifi": frozenset({"state", "edge"}),
    "argon2": frozenset({"state.users"}),
    "redis": frozenset({"state.remote"}),
    "ldap3": frozenset({"state.directory"}),
}

# Rings 0 to 4 are handed the time, randomness, files and connections; they do not fetch them.
PURE: Final = frozenset({*VALUES, *RECORD, "codecs", "text", "rules", "catalogue", "detectors",
                         "learn", "policy", "enforce", "pipeline"})  # fmt: skip
BANNED_MODULES: Final = frozenset(
    {"asyncio", "http", "logging", "multiprocessing", "os", "pathlib", "random", "secrets"}
    | {"shutil", "signal", "socket", "sqlite3", "ssl", "subprocess", "tempfile"}
    | {"time", "urllib.request"}
)
BANNED_NAMES: Final = frozenset({"open", "print", "input", "eval", "exec", "__import__"})
BANNED_ATTRIBUTES: Final = frozenset(
    {"now", "utcnow", "today", "read_text", "write_text", "uuid1", "uuid4"}
)


def fits(name: str, prefixes: frozenset[str] | dict[str, frozenset[str]]) -> str | None:
    """The longest of `prefixes` that is `name` or a package around it."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        if (prefix := ".".join(parts[:count])) in prefixes:
            return prefix
    return None


def own(module: Module) -> list[str]:
    """What it imports of the package, without `excise.` in front."""
    names = (name for name in module.imports() if name.partition(".")[0] == "excise")
    return [name.removeprefix("excise").removeprefix(".") for name in names]


def outside(module: Module) -> list[str]:
    """Top-level names of what it imports from elsewhere, the standard library apart."""
    tops = {name.partition(".")[0] for name in module.imports()}
    return sorted(tops - {"excise"} - set(sys.stdlib_module_names))


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name or "excise")
def test_a_module_imports_only_what_its_ring_may(module: Module) -> None:
    entry = fits(module.name, MAY_IMPORT) if module.name else ""
    assert entry is not None, f"{module.name} stands in no ring; add it to the table"
    package = frozenset({module.name.partition(".")[0]} if entry not in RECORD else ())
    allowed = MAY_IMPORT[entry] | package
    wrong = [name for name in own(module) if name not in allowed and not fits(name, allowed)]
    assert not wrong, f"{module.name} may not import {wrong}"


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name or "excise")
def test_outside_libraries_stay_where_they_belong(module: Module) -> None:
    wrong = [
        name for name in outside(module) if not fits(module.name, OUTSIDE.get(name, PURE - PURE))
    ]
    assert not wrong, f"{module.name} may not import {wrong}"


@pytest.mark.parametrize(
    "module", [m for m in modules() if fits(m.name, PURE)], ids=lambda module: module.name
)
def test_inner_rings_do_not_touch_the_world(module: Module) -> None:
    wrong = [name for name in module.imports() if fits(name, BANNED_MODULES)]
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in BANNED_NAMES:
            wrong.append(f"{node.func.id} in line {node.lineno}")
        if isinstance(node.func, ast.Attribute) and node.func.attr in BANNED_ATTRIBUTES:
            wrong.append(f".{node.func.attr} in line {node.lineno}")
    assert not wrong, f"{module.name}: {wrong}"


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name or "excise")
def test_only_the_edge_catches_everything(module: Module) -> None:
    caught = [
        f"line {node.lineno}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler) and catches_all(node)
    ]
    assert not caught or fits(module.name, frozenset({"edge"})), f"{module.name}: {caught}"


def catches_all(handler: ast.ExceptHandler) -> bool:
    """Whether it swallows whatever comes; one that raises it again only tidies up."""
    last = handler.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:
        return False
    names = {node.id for node in ast.walk(handler.type or handler) if isinstance(node, ast.Name)}
    return handler.type is None or bool(names & {"Exception", "BaseException"})


def test_every_entry_of_the_tables_is_needed() -> None:
    """An entry that nothing uses any more has to go."""
    names = {module.name for module in modules()}
    packages = names | {name.rpartition(".")[0] for name in names}
    assert not [entry for entry in MAY_IMPORT if entry not in packages]
