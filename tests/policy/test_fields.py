"""Each field gives a value of its type, with findings and without."""

import pytest
from policy.samples import RULES, found, situation

from excise.policy.features import NOTHING, Heard, sum_up
from excise.policy.fields import FIELDS, FUNCTIONS, About, Look, One
from excise.policy.situation import Signals

TYPES = {"string": str, "int": int, "double": float, "bool": bool}
BY_ID = {each.id: each for each in RULES}
SEGMENT, (FINDING, OTHER) = found("pii.email", "secret.key")
BUSY = Look(
    situation(signals=Signals(topics={"politics": 0.9}, unsafe={"S1": 0.7}, injection=0.4)),
    sum_up(Heard(SEGMENT, each, BY_ID[each.rule]) for each in (FINDING, OTHER)),
    One(SEGMENT, FINDING, False),
)
CLEAN = Look(situation(), NOTHING, One(SEGMENT, FINDING, False))


@pytest.mark.parametrize("look", [BUSY, CLEAN], ids=["busy", "clean"])
@pytest.mark.parametrize("name", FIELDS)
def test_a_field_gives_what_it_promises(name: str, look: Look) -> None:
    field, value = FIELDS[name], FIELDS[name].get(look)
    outer = field.type.partition("(")[0]
    assert isinstance(value, {"list": list, "map": dict, **TYPES}[outer])
    if field.words and value and field.type != "string":
        assert set(value) <= set(field.words)
    if field.high is not None and outer in TYPES:
        assert value <= field.high


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_gives_what_it_promises(name: str) -> None:
    function = FUNCTIONS[name]
    for look in (BUSY, CLEAN):
        for argument in ("pii.*", "lexical", "politics", "S1", ""):
            assert isinstance(function.get(look, argument), TYPES[function.type])


def test_a_field_of_a_finding_needs_one() -> None:
    alone = Look(BUSY.situation, BUSY.features)
    for field in FIELDS.values():
        if field.about is About.FINDING:
            with pytest.raises(LookupError):
                field.get(alone)


def test_rules_speak_for_classifiers_that_are_not_there() -> None:
    """A topic that a rule found scores as one that a classifier named."""
    finding = FINDING._replace(entity="topic.hiring", score=0.75)
    features = sum_up([Heard(SEGMENT, finding, BY_ID["pii.email"])])
    look = Look(situation(), features)
    assert FUNCTIONS["topic"].get(look, "hiring") == 0.75
    assert FIELDS["topics"].get(look) == {"hiring": 0.75}
