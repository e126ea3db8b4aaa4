"""Which lines are wanted, as a test of one record and as a condition for the query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

HOUR: Final = 13  # characters of a time, up to its hour

# Filter → how the query says it, with `?` for the value.
_SQL: Final[dict[str, str]] = {
    "principal": "principal.id = ?",
    "group": 'principal."group" = ?',
    "app": "client.family = ?",
    "host": "host = ?",
    "provider": "provider = ?",
    "model": "model = ?",
    "stage": "stage = ?",
    "action": "action = ?",
    "rule": "len(list_filter(rulings, lambda r: r.rule = ?)) > 0",
    "entity": "len(list_filter(rulings, lambda r: r.entity = ?)) > 0",
    "reason": "list_contains(reasons, ?)",
    "since": "{time} >= ?",
    "until": "{time} < ?",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Every filter that is not empty must fit. `since` and `until` are the beginnings of times as
    lines spell them (`2030-01`, `2030-01-02T03`); `until` is left out itself."""

    principal: str = ""
    group: str = ""
    app: str = ""
    host: str = ""
    provider: str = ""
    model: str = ""
    stage: str = ""
    action: str = ""
    rule: str = ""
    entity: str = ""
    reason: str = ""
    since: str = ""
    until: str = ""

    def fits(self, record: Mapping[str, Any]) -> bool:
        """Whether a record is wanted."""
        return all(_values(record, name, value) for name, value in self.given().items())

    def given(self) -> dict[str, str]:
        """The filters that are not empty."""
        named = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in named.items() if value}

    @property
    def is_hourly(self) -> bool:
        """Whether `since` and `until` cut no hour in two."""
        return max(len(self.since), len(self.until)) <= HOUR

    def where(self, time: str = "time") -> tuple[str, list[str]]:
        """The same as a condition over the view `lines`, and its parameters; `time` names the
        column of times."""
        given = self.given()
        said = (_SQL[name].format(time=time) for name in given)
        return " AND ".join(said) or "true", list(given.values())


FILTERS: Final = tuple(_SQL)


def _values(record: Mapping[str, Any], name: str, value: str) -> bool:
    if name == "since":
        return bool(record.get("time", "") >= value)
    if name == "until":
        return bool(record.get("time", "") < value)
    if name in ("rule", "entity"):
        return any(ruling.get(name) == value for ruling in record.get("rulings", ()))
    if name == "reason":
        return value in record.get("reasons", ())
    if name == "app":
        return bool(record.get("client", {}).get("family") == value)
    if name in ("principal", "group"):
        return bool(record.get("principal", {}).get("id" if name == "principal" else name) == value)
    return bool(record.get(name) == value)
