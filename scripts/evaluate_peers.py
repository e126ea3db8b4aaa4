"""Other finders on the same sets, for comparison: Presidio's stock patterns."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence

from evaluate_rows import Hit


def presidio() -> Callable[[Sequence[str]], Iterator[list[Hit]]]:
    """Every recognizer of presidio-analyzer that is a set of patterns, without a language model."""
    import presidio_analyzer.predefined_recognizers as shipped
    import tldextract.tldextract as domains
    from presidio_analyzer import EntityRecognizer, PatternRecognizer

    # The recognizer of e-mail would fetch the list of public suffixes from the network.
    domains.TLD_EXTRACTOR = domains.TLDExtract(suffix_list_urls=(), cache_dir=None)
    made: list[EntityRecognizer] = []
    for _, cls in inspect.getmembers(shipped, inspect.isclass):
        phone = cls.__name__ == "PhoneRecognizer"
        if phone or (issubclass(cls, PatternRecognizer) and cls is not PatternRecognizer):
            try:
                made.append(cls())
            except (TypeError, ValueError, ImportError):
                continue

    def find(texts: Sequence[str]) -> Iterator[list[Hit]]:
        for text in texts:
            found = (
                each
                for recognizer in made
                for each in recognizer.analyze(text, recognizer.supported_entities, None) or ()
            )
            # the analyzer's own default: every result above zero counts
            yield sorted(
                {
                    Hit(each.start, each.end, f"pii.{each.entity_type.lower()}", "presidio")
                    for each in found
                    if each.score > 0
                }
            )

    return find
