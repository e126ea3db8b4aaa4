"""A fuzzing campaign: hypothesis over the laws, then each target under atheris for its share.

Run by `scripts/fuzz`. Prints a row per target: CPU seconds, executions, findings; ends with status
1 where there are any.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
HOME = ROOT / ".fuzz"
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "addons")]

from fuzz.laws import LAWS  # noqa: E402
from fuzz.wire_laws import WIRE_LAWS  # noqa: E402

EVERY = {**LAWS, **WIRE_LAWS}
_DONE = re.compile(rb"(?:stat::number_of_executed_units:|Done) +(\d+)|^#(\d+)\t", re.MULTILINE)
SLOWEST = 10  # seconds for one input; no law takes a tenth of that
LARGEST = 512  # MiB
LONGEST = 8192  # bytes of one input


class Spent(NamedTuple):
    """What one target took and gave."""

    seconds: float
    executions: int
    findings: list[Path]


def main() -> int:
    """Run the campaign; 1 where something was found."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="of CPU, altogether")
    parser.add_argument("--replay", type=Path, help="run one target on the bytes of this file")
    parser.add_argument("targets", nargs="*", help=", ".join(EVERY))
    asked = parser.parse_args()
    unknown = set(asked.targets) - set(EVERY)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    if asked.replay:
        for name in asked.targets:
            EVERY[name](asked.replay.read_bytes())
        return 0
    names = asked.targets or list(EVERY)
    share = max(1, round(asked.minutes * 60 / (len(names) + 1)))
    total = hypothesis(names, share)
    print(f"{'target':<14}{'CPU s':>8}{'executions':>12}  findings", flush=True)
    print(f"{'(hypothesis)':<14}{total.seconds:>8.0f}{total.executions:>12}  {_told(total)}")
    found = list(total.findings)
    for name in names:
        spent = drive(name, share)
        found += spent.findings
        print(f"{name:<14}{spent.seconds:>8.0f}{spent.executions:>12}  {_told(spent)}", flush=True)
    return 1 if found else 0


def _told(spent: Spent) -> str:
    return " ".join(str(each.relative_to(ROOT)) for each in spent.findings) or "none"


def hypothesis(names: list[str], seconds: int) -> Spent:
    """The laws of the test suite, with about as many examples as the time allows."""
    examples = max(25, seconds * 4 // len(names))
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/fuzz/test_laws.py"]
    command += ["-k", " or ".join(f"[{name}]" for name in names)] if len(names) < len(EVERY) else []
    log = HOME / "hypothesis.log"
    code, spent, _ = _run(command, log, examples)
    return Spent(spent, examples * len(names), [log] if code else [])


def drive(name: str, seconds: int) -> Spent:
    """One target under atheris; a finding is kept in its folder and ends its share."""
    folder = HOME / name
    folder.mkdir(parents=True, exist_ok=True)
    before = set(folder.glob("*-*"))
    options = [
        str(Path(__file__).with_name("drive.py")),
        name,
        str(folder / "corpus"),
        f"-max_total_time={seconds}",
        f"-artifact_prefix={folder}/",
        f"-timeout={SLOWEST}",
        f"-rss_limit_mb={LARGEST}",
        f"-max_len={LONGEST}",
        "-print_final_stats=1",
    ]
    log = folder / "log"
    _, spent, told = _run(options, log)
    counts = [int(match[1] or match[2]) for match in _DONE.finditer(told)]
    found = sorted(set(folder.glob("*-*")) - before)
    return Spent(spent, max(counts, default=0), found)


def _run(command: list[str], log: Path, examples: int = 0) -> tuple[int, float, bytes]:
    """Exit status, CPU seconds and what was printed."""
    log.parent.mkdir(parents=True, exist_ok=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    env = {**os.environ, "EXCISE_FUZZ_EXAMPLES": str(examples)} if examples else None
    with log.open("wb") as out:
        code = subprocess.call(
            [sys.executable, *command], stdout=out, stderr=out, cwd=ROOT, env=env
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return code, spent, log.read_bytes()


if __name__ == "__main__":
    sys.exit(main())
