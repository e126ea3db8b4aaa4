"""Exact token counts by tiktoken, from rank files that ship; a child, for its tables are large.

The rank files are those that tiktoken would fetch, packed (`ranks/README.md`); nothing is fetched.
"""

from __future__ import annotations

import hashlib
import lzma
from functools import cache
from importlib.resources import files
from typing import Any, Final

import tiktoken
import tiktoken_ext.openai_public as published

from excise.workers.child import serve

# SHA-256 of the tokens in order of rank, each behind a byte with its length.
RANKS: Final = {
    "o200k_base": "bac143fe7fe950090c6e4ed9a2f80de5412a92495758b52becbbe5a7eea25ecb",
    "cl100k_base": "6bfd43f7b31b50b645b3228413547e662af1ae4801e9b192b9791680a71d650c",
}


@cache
def encoding(name: str) -> tiktoken.Encoding:
    """An encoding over the shipped ranks. KeyError for one that does not ship."""
    ranks = read_ranks(name)
    maker = getattr(published, name)
    # The published definition is used as it is, except that it shall not fetch its ranks.
    loader, published.load_tiktoken_bpe = published.load_tiktoken_bpe, lambda *_, **__: ranks
    try:
        return tiktoken.Encoding(**maker())
    finally:
        published.load_tiktoken_bpe = loader


def read_ranks(name: str) -> dict[bytes, int]:
    """Token → rank. KeyError for an encoding that does not ship, ValueError for a damaged file."""
    wanted = RANKS[name]
    packed = lzma.decompress(files(__package__).joinpath("ranks", f"{name}.xz").read_bytes())
    if hashlib.sha256(packed).hexdigest() != wanted:
        raise ValueError(f"the rank file of {name} is damaged")
    ranks: dict[bytes, int] = {}
    at = 0
    while at < len(packed):
        end = at + 1 + packed[at]
        ranks[packed[at + 1 : end]] = len(ranks)
        at = end
    return ranks


def count(question: Any) -> int:
    """Tokens of `{"encoding": name, "texts": [...]}`, together."""
    known = encoding(question["encoding"])
    return sum(len(known.encode_ordinary(text)) for text in question["texts"])


def main() -> None:
    """The child."""
    serve(count)


if __name__ == "__main__":
    main()
