"""The trail counted: what a full file comes to is worked out once and kept beside it.

    with open_counted(path) as counted:
        counted.execute("SELECT action, sum(n) FROM kinds GROUP BY action").fetchall()

`kinds` has a row for all lines of one hour that say the same, and `n`, how many those are; what
differs from line to line (ids, addresses, places in a message, fingerprints) is left out; `file`
names the full file that they stand in and is empty for lines that were counted just now. `samples`
has, of each rule and band of scores, the exchanges that a reviewer would be asked about first.
Both are Parquet files of the owner's, named by the size and the time of the file they are of: one
that was altered is counted anew. A file that is still written to is counted each time.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from excise.audit.archive import counts_name, drop_counts, plain_name, there
from excise.audit.query import connect, files_of, full_files, growing_files, lines_of, quoted
from excise.audit.select import HOUR

if TYPE_CHECKING:
    import duckdb

BANDS: Final = (0.0, 0.5, 0.7, 0.9, 1.0)  # of scores; the last holds 1.0 alone
MOST: Final = 50  # exchanges of a rule and band that each file offers to reviewers
_COUNTERS: Final = 2  # files that are counted at a time; each needs some 100 MB meanwhile

# What lines of a kind have in common, beside their rulings.
_SHARED: Final = (
    "stage", "direction", "action", "would", "provider", "host", "dialect", "model", "profile",
    "policy", "version", "principal", "client", "reasons", "anomalies", "missing", "fault",
    "override", "notice",
)  # fmt: skip
_COLUMNS: Final = (
    "time", "id", "stage", "direction", "action", "would", "provider", "host", "dialect", "model",
    "profile", "policy", "version", "principal.id", "principal.group", "client.family", "reasons",
    "anomalies", "rulings.rule", "rulings.entity", "rulings.kind", "rulings.severity",
    "rulings.action", "rulings.mode", "rulings.clause", "rulings.count", "rulings.score", "missing",
    "fault.kind", "fault.where", "override.clauses", "notice.event", "notice.subject", "lost",
    "edits", "restored", "bytes.in", "bytes.out", "usage.input", "usage.output", "timings.total",
)  # fmt: skip
# Scores are for samples; kinds are told apart by what was found, not by how sure it was.
_RULINGS: Final = (
    "list_transform(rulings, lambda r: struct_pack(rule := r.rule, entity := r.entity, "
    "kind := r.kind, severity := r.severity, action := r.action, mode := r.mode, "
    'clause := r.clause, "count" := r."count")) AS rulings'
)
# Milliseconds in single precision: medians are of whole distributions, at half the size.
_SUMS: Final = (
    "count(*) AS n, min(time) AS first, max(time) AS last, sum(lost)::BIGINT AS lost, "
    "sum(edits)::BIGINT AS edits, sum(restored)::BIGINT AS restored, "
    'sum("bytes"."in")::BIGINT AS bytes_in, sum("bytes"."out")::BIGINT AS bytes_out, '
    "sum(usage.input)::BIGINT AS input, sum(usage.output)::BIGINT AS output, "
    "list(timings.total::FLOAT) FILTER (timings.total IS NOT NULL) AS took"
)
_HOUR: Final = f"time[:{HOUR}]"
_BAND: Final = " + ".join(f"(score >= {edge})::INT" for edge in BANDS[1:])
_TABLES: Final = {
    "kinds": "SELECT {file} AS file, {hour} AS hour, "
    + f"{', '.join(_SHARED)}, {_RULINGS}, {_SUMS} "
    "FROM {lines} GROUP BY ALL",
    "samples": f"SELECT *, {_BAND} AS band FROM (SELECT id, r.rule AS rule, any_value(r.entity) "
    "AS entity, max(coalesce(r.score, 1.0)) AS score, min(time) AS time "
    "FROM (SELECT id, time, unnest(rulings) AS r FROM {lines} WHERE id IS NOT NULL) GROUP BY ALL) "
    f"QUALIFY row_number() OVER (PARTITION BY rule, band ORDER BY md5(id)) <= {MOST}",
}


# Lines on which shadow rules would have done more. Those of the stage `shadow` did nothing.
SHADOWED: Final = "would <> coalesce(action, 'allow')"
# The median and the 99th percentile of times, each that of some message; counting equal ones first
# takes a third of the time that sorting all of them would.
TIMES: Final = (
    "WITH counts AS (SELECT ms, count(*) AS often FROM "
    "(SELECT unnest(took) AS ms FROM {table} WHERE {where}) GROUP BY ms), "
    "running AS (SELECT ms, sum(often) OVER (ORDER BY ms) AS upto, sum(often) OVER () AS whole "
    "FROM counts) SELECT min(ms) FILTER (upto >= 0.5 * whole) AS p50, "
    "min(ms) FILTER (upto >= 0.99 * whole) AS p99 FROM running"
)


@contextmanager
def open_counted(path: Path, *, exact: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in memory with the views `kinds` and `samples` over the whole trail. Counts what
    was not counted yet; where nothing may be written beside the trail, for this time alone. With
    `exact`, every line is read and `hour` is its whole time. Raises `AuditError`."""
    with connect(path) as connection:
        if exact:
            _count_afresh(connection, files_of(path), "time")
        else:
            attach(connection, path)
        yield connection


def attach(connection: duckdb.DuckDBPyConnection, path: Path, *, load: int = 0) -> None:
    """Give a connection both views as the trail stands now, held in memory where what is kept has
    at most `load` bytes. Raises as `open_counted` does."""
    finished, growing = full_files(path), growing_files(path)
    with ThreadPoolExecutor(_COUNTERS, thread_name_prefix="audit-count") as pool:
        kept = list(pool.map(lambda file: _kept(connection.cursor(), file), finished))
    growing += [there(file) for file, made in zip(finished, kept, strict=True) if not made]
    _count_afresh(connection, growing)
    for name in _TABLES:
        files = [made[name] for made in kept if made]
        if not files:
            continue
        source = f"read_parquet([{', '.join(quoted(str(file)) for file in files)}])"
        if sum(file.stat().st_size for file in files) <= load:
            connection.execute(
                f"CREATE OR REPLACE TEMP TABLE held_{name} AS SELECT * FROM {source}"
            )
            source = f"held_{name}"
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM fresh_{name} "
            f"UNION ALL BY NAME SELECT * FROM {source}"
        )


def _count_afresh(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Path], hour: str = _HOUR
) -> None:
    source = lines_of(files, _COLUMNS)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE fresh_lines AS SELECT * FROM {source}")
    for name, query in _TABLES.items():
        fresh = query.format(lines="fresh_lines", hour=hour, file="''")
        connection.execute(f"CREATE OR REPLACE TEMP TABLE fresh_{name} AS {fresh}")
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM fresh_{name}")
    connection.execute("DROP TABLE fresh_lines")


def _kept(connection: duckdb.DuckDBPyConnection, file: Path) -> dict[str, Path]:
    """The counts of a full file, made where they are missing; none where nothing may be written."""
    source = there(file)
    try:
        facts = source.stat()
        key = _digest(facts.st_size, facts.st_mtime_ns)
        made = {name: counts_name(file, f"{name}-{key}") for name in _TABLES}
        if not all(each.exists() for each in made.values()):
            _make(connection, source, made)
            drop_counts(file, keep=made.values())
    except OSError:
        return {}
    return made


def _make(connection: duckdb.DuckDBPyConnection, source: Path, made: Mapping[str, Path]) -> None:
    lines = f"lines_{threading.get_ident()}"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {lines} AS SELECT * FROM {lines_of([source], _COLUMNS)}"
    )
    try:
        for name, target in made.items():
            draft = target.with_name(f"{target.name}.{os.getpid()}")
            # DuckDB writes into the file that is there, and so leaves it owner-only.
            os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
            named = quoted(plain_name(source))
            query = _TABLES[name].format(lines=lines, hour=_HOUR, file=named)
            connection.execute(
                f"COPY ({query}) TO {quoted(str(draft))} "
                "(FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)"
            )
            draft.rename(target)
    finally:
        connection.execute(f"DROP TABLE {lines}")


def _digest(*facts: int) -> str:
    """Names what counts are of: the file as it is, and the way of counting."""
    return hashlib.sha256(repr((facts, _TABLES, _COLUMNS)).encode()).hexdigest()[:16]
