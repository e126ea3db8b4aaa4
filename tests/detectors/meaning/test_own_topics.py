"""Topics of the operator's own, from examples or as an allow list."""

import pytest

from excise.detectors.meaning.own_topics import OwnTopic, build_allowed, train
from excise.detectors.meaning.reading import Meaning

MODEL = Meaning.shipped().model
EXAMPLES = (
    "How do I prune the vines before spring?",
    "Which barrels suit a young red wine from our cellar?",
    "The grapes of the southern vineyard ripen late this year.",
    "Ferment the juice at eighteen degrees, then rack the wine.",
    "What pairs with a dry riesling from the estate?",
    "The oak casks in the cellar have to be topped up every month.",
)


def test_a_topic_finds_what_is_like_its_examples_and_keeps_through_bytes() -> None:
    trained = train(MODEL, "wine", EXAMPLES)
    topic = OwnTopic.from_bytes(trained.topic.to_bytes())
    assert trained.kept >= 0.5
    assert 0.5 <= trained.proposed <= 0.9

    def chance(text: str) -> float:
        reading = MODEL.read(text)
        units = MODEL.views(reading).wide
        shares = MODEL.topic_scores(reading, units)
        return float(topic.scores(MODEL, reading, units, shares).max())

    assert chance("Should the wine of these grapes stay in the barrels for another year?") > 0.5
    assert chance("Please transfer money to my savings account.") < 0.5
    assert chance("What is the weather like tomorrow?") < 0.5


@pytest.mark.parametrize("examples", [EXAMPLES[:4], EXAMPLES * 9, ("a b", *["zzqx"] * 6)])
def test_too_few_too_many_or_unreadable_examples_are_refused(examples: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"wanted|known"):
        train(MODEL, "wine", examples)


def test_an_allow_list_is_what_is_left_of_the_topics() -> None:
    topic = build_allowed(MODEL, "off-topic", ["finance", "banking"])
    assert OwnTopic.from_bytes(topic.to_bytes()).allowed == ("finance", "banking")
    with pytest.raises(ValueError, match="unicorns"):
        build_allowed(MODEL, "off-topic", ["unicorns"])
    with pytest.raises(ValueError, match="topic"):
        build_allowed(MODEL, "off-topic", [])


def test_bytes_that_are_no_topic_are_refused() -> None:
    with pytest.raises(ValueError, match=r"topic|pickle|file"):
        OwnTopic.from_bytes(b"nothing")
