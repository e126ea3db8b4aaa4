"""Every line says who asked whom, and under which policy."""

from planted import planted_policy
from walled import chat, exchange, firewall

from excise.audit.fields import Stage
from excise.audit.record import Facts
from excise.pipeline.told import told_of


def test_facts_keep_what_they_say_and_learn_the_rest() -> None:
    context = firewall().inspect_request(exchange(chat("x"))).context
    told = told_of(context, planted_policy(), Facts(stage=Stage.REQUEST, edits=3))
    assert (told.stage, told.edits, told.id, told.host) == (
        Stage.REQUEST, 3, "0192", "api.openai.com",
    )  # fmt: skip
    assert (told.model, told.dialect, told.user_agent) == ("gpt-4o", "openai-chat", "tester/1")
    assert told.policy == planted_policy().digest and "content-type" in told.header_names
