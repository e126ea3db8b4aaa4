"""Every line says who asked whom, and under which policy."""

import pytest
from planted import planted_policy
from walled import chat, exchange, firewall

from excise.audit.fields import Stage
from excise.audit.record import Facts
from excise.model import Action, Decision, Usage
from excise.pipeline.told import told_of
from excise.policy.limits import NO_PRICES, Prices, parse_prices
from excise.resources import policies_dir

PRICES = parse_prices((policies_dir() / "prices.yaml").read_text("utf-8"), "prices.yaml")


def test_facts_keep_what_they_say_and_learn_the_rest() -> None:
    context = firewall().inspect_request(exchange(chat("x"))).context
    told = told_of(context, planted_policy(), Facts(stage=Stage.REQUEST, edits=3))
    assert (told.stage, told.edits, told.id, told.host) == (
        Stage.REQUEST, 3, "0192", "api.openai.com",
    )  # fmt: skip
    assert (told.model, told.dialect, told.user_agent) == ("gpt-4o", "openai-chat", "tester/1")
    assert told.policy == planted_policy().digest and "content-type" in told.header_names


@pytest.mark.parametrize(
    ("usage", "prices", "want"),
    [
        (Usage(input=1000, output=200), PRICES, 1000 * 2.5e-6 + 200 * 10e-6),
        (Usage(input=None, output=200), PRICES, 200 * 10e-6),
        (Usage(input=0, output=0), PRICES, 0.0),
        (None, PRICES, None),
        (Usage(input=1000, output=200), NO_PRICES, None),
    ],
)
def test_what_an_exchange_cost_is_told_where_there_are_prices(
    usage: Usage | None, prices: Prices, want: float | None
) -> None:
    context = firewall().inspect_request(exchange(chat("x"))).context
    facts = Facts(stage=Stage.RESPONSE, usage=usage)
    told = told_of(context, planted_policy(), facts, prices)
    assert told.cost == (want if want is None else pytest.approx(want))
    assert told.tariff == ("" if want is None else "gpt-4o*")
    wall = firewall(prices=prices)
    line = wall.describe(context, Decision(action=Action.ALLOW, would=Action.ALLOW), facts)
    assert line.get("usage", {}).get("cost") == (want if want is None else pytest.approx(want))
