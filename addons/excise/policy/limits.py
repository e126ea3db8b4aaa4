"""Limits as an operator writes them: how much of what, for whom, in which time."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

from excise.errors import PolicyError
from excise.model import Mode, Principal
from excise.policy.build import is_named
from excise.strict import Node, parse_yaml

ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
SPAN: Final = re.compile(r"([1-9][0-9]{0,5})(s|m|h|d)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
MICRO: Final = 1_000_000  # a dollar in the unit that cost is counted in


class What(StrEnum):
    """What a limit counts."""

    REQUESTS = "requests"
    TOKENS = "tokens"  # of request and answer
    COST = "cost"  # in US dollars, by the price table
    CONCURRENCY = "concurrency"  # exchanges under way at once
    CONTEXT = "context"  # tokens of a single request
    REPEATS = "repeats"  # the same request, byte for byte


class Per(StrEnum):
    """By what counters are kept apart."""

    PRINCIPAL = "principal"
    GROUP = "group"
    MODEL = "model"
    PROVIDER = "provider"
    KEY = "key"  # the API key, as a fingerprint


# What counts within a window; the others look at one moment.
WINDOWED: Final = frozenset({What.REQUESTS, What.TOKENS, What.COST, What.REPEATS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit. An empty set of names asks nothing; names may hold `*`.

    `at_most` counts requests, tokens, exchanges or millionths of a dollar; `seconds` is 0 where
    there is no window; `warn_at` are percentages of `at_most`.
    """

    id: str
    count: What
    at_most: int
    seconds: int = 0
    per: tuple[Per, ...] = ()
    mode: Mode = Mode.ENFORCE
    warn_at: tuple[int, ...] = ()
    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()
    origin: str = field(default="", compare=False)

    def speaks_of(self, who: Principal, model: str, provider: str) -> bool:
        """Whether it counts an exchange."""
        return (
            is_named(self.users, who.id)
            and is_named(self.groups, who.group)
            and is_named(self.models, model)
            and is_named(self.providers, provider)
        )


OTHERWISE: Final = "otherwise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars for a million tokens of the models that a pattern names."""

    models: tuple[str, ...]
    input: float
    output: float

    @property
    def name(self) -> str:
        """How the trail and metrics call it: its first pattern."""
        return self.models[0] if self.models else OTHERWISE

    def cost(self, tokens_in: int, tokens_out: int) -> int:
        """Millionths of a dollar, rounded up."""
        return -int(-(tokens_in * self.input + tokens_out * self.output) // 1)


@dataclass(frozen=True, slots=True)
class Prices:
    """A price table; models that it does not name cost what `otherwise` says."""

    every: tuple[Price, ...]
    otherwise: Price
    as_of: str = ""

    def price_of(self, model: str) -> Price:
        """What this model costs."""
        name = model.rpartition("/")[2].lower()
        return next(
            (p for p in self.every if any(fnmatchcase(name, each) for each in p.models)),
            self.otherwise,
        )

    def cost(self, model: str, tokens_in: int, tokens_out: int) -> int:
        """Millionths of a dollar, rounded up."""
        return self.price_of(model).cost(tokens_in, tokens_out)


NO_PRICES: Final = Prices((), Price(models=("*",), input=0.0, output=0.0))


@dataclass(frozen=True, slots=True)
class Limits:
    """Every limit in force, and what tokens cost."""

    every: tuple[Limit, ...] = ()
    prices: Prices = NO_PRICES

    @property
    def counts_tokens(self) -> bool:
        """Whether some limit needs to know how long a request is."""
        return any(each.count in (What.TOKENS, What.COST, What.CONTEXT) for each in self.every)


NO_LIMITS: Final = Limits()


def parse_limits(text: str, origin: str, prices: Prices) -> Limits:
    """The limits of a file. Raises `PolicyError`."""
    node = parse_yaml(text, origin)
    every = tuple(_limit(item) for item in node.nodes("limits"))
    node.done()
    for number, each in enumerate(every):
        if each.id in [other.id for other in every[:number]]:
            raise PolicyError("EXC-POL-007", f'"{each.id}" stands twice.', at=each.origin)
    return Limits(every, prices)


def parse_prices(text: str, origin: str) -> Prices:
    """The price table of a file. Raises `PolicyError`."""
    node = parse_yaml(text, origin)
    prices = Prices(
        tuple(_price(item) for item in node.nodes("prices")),
        _price(node.node("otherwise")),
        node.text("as-of"),
    )
    node.text("currency")
    node.done()
    return prices


def _price(node: Node) -> Price:
    price = Price(
        models=node.texts("models", ()),
        input=float(node.number("input")),
        output=float(node.number("output")),
    )
    node.done()
    if min(price.input, price.output) < 0:
        raise PolicyError("EXC-POL-006", "a price is not below 0.", at=node.at())
    return price


def _limit(node: Node) -> Limit:
    when = node.node("when") if "when" in node else None
    count = What(node.choice("count", What))
    limit = Limit(
        id=node.text("id"),
        count=count,
        at_most=_amount(node, count),
        seconds=_seconds(node) if "within" in node else 0,
        per=tuple(map(Per, node.choices("per", Per, ()))),
        mode=Mode(node.choice("mode", Mode, Mode.ENFORCE)),
        warn_at=_percentages(node),
        users=frozenset(when.texts("users", ())) if when else frozenset(),
        groups=frozenset(when.texts("groups", ())) if when else frozenset(),
        models=frozenset(when.texts("models", ())) if when else frozenset(),
        providers=frozenset(when.texts("providers", ())) if when else frozenset(),
        origin=node.at(),
    )
    node.done(also=("when", "within", "warn-at"))
    if when is not None:
        when.done()
    if not ID.fullmatch(limit.id):
        raise PolicyError("EXC-POL-007", "an id is in kebab case.", at=node.at("id"))
    if (count in WINDOWED) != bool(limit.seconds):
        wanted = "needs" if count in WINDOWED else "has no"
        raise PolicyError(
            "EXC-POL-015", f"limit {limit.id}: {count} {wanted} within.", at=node.at(),
            hint="within: 1m, 1h, 1d or 30d.",
        )  # fmt: skip
    return limit


def _amount(node: Node, count: What) -> int:
    if count is What.COST:
        amount = round(float(node.number("at-most")) * MICRO)
    else:
        amount = node.integer("at-most")
    if amount < 1:
        raise PolicyError("EXC-POL-006", "at-most is above 0.", at=node.at("at-most"))
    return amount


def _seconds(node: Node) -> int:
    found = SPAN.fullmatch(node.text("within"))
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
    if not 1 <= seconds <= 366 * 86_400:
        raise PolicyError(
            "EXC-POL-006", "within is no time; wanted 30s, 1m, 1h, 1d … 366d.", at=node.at("within")
        )
    return seconds


def _percentages(node: Node) -> tuple[int, ...]:
    given = node.raw("warn-at", [])
    if not isinstance(given, list) or not all(
        isinstance(each, int) and 0 < each <= 100 for each in given
    ):
        raise PolicyError(
            "EXC-POL-005", "warn-at is a list of percentages, such as [50, 80].",
            at=node.at("warn-at"),
        )  # fmt: skip
    return tuple(sorted(given))
