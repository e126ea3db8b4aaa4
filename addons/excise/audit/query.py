"""The trail as a table: one DuckDB view over all of its files, packed ones too, without a copy.

    with open_lines(path) as lines:
        lines.execute("SELECT action, count(*) FROM lines GROUP BY action").fetchall()

The view `lines` has a column for every field of `FIELDS`, objects as structs and lists as lists,
and `moment`, the time as a timestamp. What a line does not say is NULL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from excise.audit.archive import family_of, rotated
from excise.audit.fields import build_schema
from excise.errors import AuditError

if TYPE_CHECKING:
    import duckdb

_SCALARS: Final = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
}
# Nothing is fetched, and nothing of a trail is written elsewhere when memory runs short.
_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "temp_directory": "",
}
_LONGEST: Final = 4_000_000  # bytes of one line


def files_of(path: Path) -> list[Path]:
    """Every file of the trail and of its workers' trails. Raises `AuditError` where there is
    none."""
    return [file for trail in _trails(path) for file in (*rotated(trail), *_growing([trail]))]


def full_files(path: Path) -> list[Path]:
    """Those of them that nobody writes to any more. Raises `AuditError` like `files_of`."""
    return [file for trail in _trails(path) for file in rotated(trail)]


def growing_files(path: Path) -> list[Path]:
    """Those that are written to. Raises `AuditError` like `files_of`."""
    return _growing(_trails(path))


def _growing(trails: Iterable[Path]) -> list[Path]:
    return [trail for trail in trails if trail.exists()]


def _trails(path: Path) -> list[Path]:
    try:
        trails = [each for each in family_of(path) if each.exists() or rotated(each)]
    except FileNotFoundError:
        trails = []
    except OSError as fault:
        raise AuditError(
            "EXC-AUD-001", f"the trail cannot be read ({fault.strerror}).", at=str(path)
        ) from None
    if not trails:
        raise AuditError("EXC-AUD-001", "there is no trail yet.", at=str(path))
    return trails


def column_types(names: Iterable[str] = ()) -> dict[str, str]:
    """DuckDB's types of these fields, of all where none is named. `timings.total` is that field of
    the object alone, and so for lists of objects."""
    properties = build_schema()["properties"]
    wanted: dict[str, list[str]] = {}
    for name in names or properties:
        outer, _, inner = name.partition(".")
        wanted.setdefault(outer, []).extend([inner] if inner else [])
    return {name: _type(properties[name], inner) for name, inner in wanted.items()}


@contextmanager
def connect(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in memory for questions about this trail. What DuckDB cannot read is an
    `AuditError`."""
    import duckdb

    connection = duckdb.connect(":memory:", config=_CONFIG)
    try:
        yield connection
    except duckdb.IOException:
        raise AuditError("EXC-AUD-001", "the trail cannot be read.", at=str(path)) from None
    finally:
        connection.close()


@contextmanager
def open_lines(
    path: Path, names: Iterable[str] = (), *, load: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in memory with the view `lines`. Raises `AuditError`.

    `names` narrows the columns (without `moment` then), `load` reads them once into memory, for
    several questions about the same lines. What is no record is left out; `verify` is what
    complains of it.
    """
    source = lines_of(files_of(path), names)
    with connect(path) as connection:
        moment = "" if names else ", TRY_CAST(time AS TIMESTAMP) AS moment"
        kind = "TABLE" if load else "VIEW"
        connection.execute(f"CREATE TEMP {kind} lines AS SELECT *{moment} FROM {source}")
        yield connection


def lines_of(files: Sequence[Path], names: Iterable[str] = ()) -> str:
    """Something to select from: the lines of these files, narrowed to `names` where some are."""
    columns = column_types(names)
    if not files:
        empty = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in columns.items())
        return f"(SELECT {empty} WHERE false)"
    return (
        f"read_json({_quoted(list(map(str, files)))}, format='newline_delimited', "
        f"ignore_errors=true, maximum_object_size={_LONGEST}, columns={_columns(columns)})"
    )


def quoted(text: str) -> str:
    """A text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def _quoted(texts: Sequence[str]) -> str:
    return "[" + ", ".join(quoted(text) for text in texts) + "]"


def _columns(columns: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{quoted(n)}: {quoted(t)}" for n, t in columns.items()) + "}"


def _type(schema: Mapping[str, Any], only: Sequence[str] = ()) -> str:
    if "enum" in schema:
        return "VARCHAR"
    if "const" in schema:
        return "BIGINT"
    if schema["type"] == "array":
        return f"{_type(schema['items'], only)}[]"
    if "properties" not in schema and schema["type"] == "object":  # names that policies choose
        return f"MAP(VARCHAR, {_type(schema['additionalProperties'])})"
    if schema["type"] == "object":
        inner = ", ".join(
            f'"{name}" {_type(each)}'
            for name, each in schema["properties"].items()
            if not only or name in only
        )
        return f"STRUCT({inner})"
    return _SCALARS[schema["type"]]
