"""Operators' models answer through a child: a spaCy pipeline from a folder, Presidio's analyzer."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import spacy

from excise.errors import NoAnswer
from excise.workers.deep import label
from excise.workers.process import Process


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline on disk that knows two names."""
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns(  # type: ignore[attr-defined]
        [{"label": "PERSON", "pattern": "Ada Lovelace"}, {"label": "GPE", "pattern": "Turin"}]
    )
    path = tmp_path_factory.mktemp("model") / "pipeline"
    nlp.to_disk(path)
    return path


@pytest.fixture
def child(request: pytest.FixtureRequest, pipeline: Path) -> Iterator[Process]:
    """A child over the kind of model that is asked for."""
    kind, name = request.param
    process = Process("excise.workers.deep", kind, name.format(pipeline=pipeline))
    yield process
    process.close()


TEXTS = ["Ada Lovelace went to Turin", "", "write to ada@firm.example.com"]


@pytest.mark.parametrize("child", [("spacy", "{pipeline}")], indirect=True)
def test_a_spacy_pipeline_answers(child: Process) -> None:
    """In our words for what it calls otherwise."""
    answer = child.ask({"texts": TEXTS}, within=60)
    assert answer == [[["PERSON", 0, 12, 0.85], ["LOCATION", 21, 26, 0.85]], [], []]


@pytest.mark.parametrize("child", [("presidio", "{pipeline}"), ("presidio", "")], indirect=True)
def test_presidio_answers_without_a_network(child: Process) -> None:
    """Over a pipeline, or with its patterns alone."""
    named, empty, mail = child.ask({"texts": TEXTS}, within=90)
    assert not empty and "EMAIL_ADDRESS" in {each[0] for each in mail}
    whole = [each for each in named if each[:3] == ["PERSON", 0, 12]]
    assert len(whole) == ("pipeline" in str(child._command[-1]))


@pytest.mark.parametrize(
    "child", [("spacy", "no_such_model"), ("transformers", "/nonexistent")], indirect=True
)
def test_a_model_that_is_not_there_ends_the_child(child: Process) -> None:
    """Nothing is downloaded."""
    with pytest.raises(NoAnswer, match="died"):
        child.ask({"texts": []}, within=60)


def test_labels_are_translated() -> None:
    """Known ones; others stay."""
    assert [label(word) for word in ("PER", "gpe", "MISC")] == ["PERSON", "LOCATION", "MISC"]
