"""What an expression may know of an answer while it comes."""

from excise.model import Part, Role, Segment
from excise.pipeline.words import Words
from excise.policy.running import Progress


def test_pieces_add_up() -> None:
    words = Words("o200k_base")
    assert words.progress() == Progress()
    words.add(Segment("once upon ", Role.ASSISTANT, Part.COMPLETION, 0))
    words.add(Segment("a time", Role.ASSISTANT, Part.REASONING, 1))
    seen = words.progress()
    assert seen.size == 16 and 2 <= seen.tokens <= 8
    assert seen.parts == {Part.COMPLETION, Part.REASONING} and seen.roles == {Role.ASSISTANT}
