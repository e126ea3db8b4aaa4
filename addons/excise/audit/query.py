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
    try:
        files = [
            file
            for trail in family_of(path)
            for file in (*rotated(trail), *([trail] if trail.exists() else []))
        ]
    except FileNotFoundError:
        files = []
    except OSError as fault:
        raise AuditError(
            "EXC-AUD-001", f"the trail cannot be read ({fault.strerror}).", at=str(path)
        ) from None
    if not files:
        raise AuditError("EXC-AUD-001", "there is no trail yet.", at=str(path))
    return files


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
def open_lines(
    path: Path, names: Iterable[str] = (), *, load: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in memory with the view `lines`. Raises `AuditError`.

    `names` narrows the columns (without `moment` then), `load` reads them once into memory, for
    several questions about the same lines. What is no record is left out; `verify` is what
    complains of it.
    """
    import duckdb

    files = [str(file) for file in files_of(path)]
    columns = column_types(names)
    connection = duckdb.connect(":memory:", config=_CONFIG)
    try:
        source = (
            f"read_json({_quoted(files)}, format='newline_delimited', ignore_errors=true, "
            f"maximum_object_size={_LONGEST}, columns={_columns(columns)})"
        )
        moment = "" if names else ", TRY_CAST(time AS TIMESTAMP) AS moment"
        kind = "TABLE" if load else "VIEW"
        connection.execute(f"CREATE TEMP {kind} lines AS SELECT *{moment} FROM {source}")
        yield connection
    except duckdb.IOException:
        raise AuditError("EXC-AUD-001", "the trail cannot be read.", at=str(path)) from None
    finally:
        connection.close()


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
