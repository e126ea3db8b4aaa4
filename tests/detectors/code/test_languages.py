"""Names, tags and file names of languages lead to the labels that rules know."""

import pytest

from excise.detectors.code.languages import (
    DATA,
    LANGUAGES,
    OTHER,
    PROSE,
    language_of,
    language_of_file,
)


@pytest.mark.parametrize(
    ("tag", "label"),
    [
        ("python", "python"), ("py", "python"), ("Python3", "python"), ("JS", "javascript"),
        ("jsx", "javascript"), ("tsx", "typescript"), ("cpp", "c++"), ("C++", "c++"),
        ("c#", "c#"), ("csharp", "c#"), ("golang", "go"), ("sh", "shell"), ("bash", "shell"),
        ("objective_c", "objective-c"), ("Objective-C", "objective-c"), ("tf", "hcl"),
        ("Visual Basic", "visual-basic"), ("json", DATA), ("YAML", DATA), ("vue", "html"),
        ("{.python", "python"), ("language-rust", "rust"), ("elm", OTHER),
        ("text", None), ("", None), ("output", None), ("klingon", None),
    ],
)  # fmt: skip
def test_tags(tag: str, label: str | None) -> None:
    assert language_of(tag) == label


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("src/app.py", "python"), ("a/b/Main.java", "java"), ("Dockerfile", "dockerfile"),
        ("build/Makefile", "makefile"), ("CMakeLists.txt", "cmake"), ("x.tsx", "typescript"),
        (r"C:\src\Form1.vb", "visual-basic"), ("package.json", DATA), ("README", None),
        ("notes.klingon", None), ("", None),
    ],
)  # fmt: skip
def test_file_names(name: str, label: str | None) -> None:
    assert language_of_file(name) == label


def test_every_label_stands_for_itself() -> None:
    assert [language_of(label) for label in LANGUAGES] == list(LANGUAGES)
    assert len(LANGUAGES) == len(set(LANGUAGES)) >= 40
    assert DATA not in LANGUAGES
    assert PROSE not in LANGUAGES
