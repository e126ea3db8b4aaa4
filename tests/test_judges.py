"""A judge is opened from settings, and never one to which texts would go in the clear."""

from pathlib import Path

import pytest

from excise.errors import ConfigError
from excise.folders import Folders
from excise.judges import JudgeSettings, is_guarded, open_judge, topics_in

KEY = b"k" * 32
LOCAL = JudgeSettings(url="http://127.0.0.1:1/v1", model="llama-guard3:8b")


def test_without_an_endpoint_there_is_none() -> None:
    assert open_judge(JudgeSettings(), Folders(None), KEY) is None


def test_a_template_by_name_or_file(tmp_path: Path) -> None:
    for name in ("general", "llama-guard", "granite-guardian"):
        made = open_judge(
            JudgeSettings(url=LOCAL.url, model="m", template=name), Folders(None), KEY
        )
        assert made is not None and made.template.name == name
    own = tmp_path / "house.yaml"
    own.write_text(
        "judge: house\ntitle: t\nquestions:\n  - {of: [request], reply: hazards,"
        " messages: [{role: user, content: '{text}'}]}\n",
        "utf-8",
    )
    said = JudgeSettings(url=LOCAL.url, model="m", template=str(own))
    made = open_judge(said, Folders(None), KEY)
    assert made is not None and made.template.name == "house"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (JudgeSettings(url=LOCAL.url), "EXC-CFG-001"),
        (JudgeSettings(url="http://judge.example/v1", model="m"), "EXC-CFG-005"),
        (JudgeSettings(url="ftp://127.0.0.1", model="m"), "EXC-CFG-005"),
        (JudgeSettings(url=LOCAL.url, model="m", template="nobody"), "EXC-CFG-003"),
        (JudgeSettings(url=LOCAL.url, model="m", key=Path("/nowhere/key")), "EXC-CFG-003"),
    ],
)
def test_what_cannot_be_is_told(said: JudgeSettings, code: str) -> None:
    with pytest.raises(ConfigError) as told:
        open_judge(said, Folders(None), KEY)
    assert told.value.code == code


@pytest.mark.parametrize(
    ("url", "guarded"),
    [
        ("https://judge.example/v1", True),
        ("http://127.0.0.1:11434/v1", True),
        ("http://[::1]:11434/v1", True),
        ("http://localhost/v1", True),
        ("http://10.0.0.7/v1", False),
        ("http://localhost.example/v1", False),
        ("http://[::2]/v1", False),
        ("judge", False),
    ],
)
def test_texts_go_in_the_clear_to_this_machine_alone(url: str, guarded: bool) -> None:
    assert is_guarded(url) is guarded


def test_families_are_compared_unless_forced() -> None:
    made = open_judge(LOCAL, Folders(None), KEY)
    assert made is not None and made.is_kin("llama-3.3-70b") and not made.is_kin("gpt-4o")
    free = open_judge(
        JudgeSettings(url=LOCAL.url, model=LOCAL.model, same_family=True), Folders(None), KEY
    )
    assert free is not None and not free.is_kin("llama-3.3-70b")


def test_topics_are_those_of_the_rules() -> None:
    assert topics_in(["topic.hr", "topic.*", "pii.email", "topic.finance", "topic.hr"]) == (
        "finance",
        "hr",
    )
