"""One law under atheris: `python drive.py TARGET CORPUS [libFuzzer options]`; see scripts/fuzz."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "addons")]

import atheris  # noqa: E402

with atheris.instrument_imports(include=["excise"]):
    from fuzz.laws import LAWS
    from fuzz.wire_laws import WIRE_LAWS

from fuzz.seeds import seeds_of  # noqa: E402


def main() -> None:
    """Write the seeds into the corpus and begin."""
    target, corpus, *options = sys.argv[1:]
    folder = Path(corpus)
    folder.mkdir(parents=True, exist_ok=True)
    for at, seed in enumerate(seeds_of(target)):
        (folder / f"seed-{at:03}").write_bytes(seed)
    os.environ.setdefault("PYTHONHASHSEED", "0")
    atheris.Setup([sys.argv[0], corpus, *options], {**LAWS, **WIRE_LAWS}[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
