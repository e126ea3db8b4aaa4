"""The folders that policies are read from: the operator's own before what is shipped.

Where a seal is asked for, every byte of the operator's is checked as it is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from excise.errors import ConfigError
from excise.resources import policies_dir
from excise.state.seals import Seal, read_seal
from excise.state.signing import load_verifier

EXCEPTIONS: Final = "exceptions.yaml"


@dataclass(frozen=True, slots=True)
class Folders:
    """Where to look, in order."""

    own: Path | None
    seal: Seal | None = None

    def __iter__(self) -> Iterator[Path]:
        yield from filter(None, (self.own, policies_dir()))

    def read(self, path: Path) -> str:
        """The text of a file. Raises `ConfigError`, and `PolicyError` where nobody signed it."""
        try:
            data = path.read_bytes()
            if self.seal is not None and not path.is_relative_to(policies_dir()):
                self.seal.check(path, data)
            return data.decode("utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            reason = fault.strerror if isinstance(fault, OSError) else "not UTF-8"
            raise ConfigError(
                "EXC-CFG-003", f"{reason}; wanted a text file.", at=str(path)
            ) from None

    def first(self, name: str) -> tuple[str, str]:
        """The first file of this name: its text, and how it is called in messages."""
        for folder in self:
            path = folder / name
            if path.is_file():
                return self.read(path), _shown(path)
        known = sorted({p.stem for folder in self for p in (folder / "profiles").glob("*.yaml")})
        raise ConfigError(
            "EXC-CFG-003",
            f"{name} stands in none of the policy folders; profiles there: {', '.join(known)}.",
        )

    def profile(self, name: str) -> tuple[str, str]:
        """A profile by its name or its file."""
        if name.endswith((".yaml", ".yml")):
            return self.read(Path(name)), name
        return self.first(f"profiles/{name}.yaml")

    def template(self, name: str) -> tuple[str, str]:
        """The prompt template of a judge by its name or its file."""
        if name.endswith((".yaml", ".yml")):
            return self.read(Path(name)), name
        return self.first(f"judges/{name}.yaml")

    def pack(self, name: str) -> dict[str, str] | None:
        """The texts of a pack by file name; None where no folder has it."""
        for folder in self:
            home = folder / "packs" / name
            if (home / "pack.yaml").is_file():
                files = sorted([*home.glob("*.yaml"), *home.glob("lists/*.txt")])
                return {path.relative_to(home).as_posix(): self.read(path) for path in files}
        return None

    def exceptions(self, state_dir: Path) -> tuple[str, str]:
        """What the operator excuses, "" for nothing; and where it stands."""
        path = exceptions_path(state_dir, self.own)
        return (self.read(path) if path.exists() else ""), str(path)


def open_folders(policies: Path | None, key: Path | None = None) -> Folders:
    """The folders; with `key` the operator's must be signed by it. Raises `ConfigError`,
    `PolicyError`, `StateError`."""
    # Without it what ships would be in force, and nobody would know.
    if policies is not None and not policies.is_dir():
        raise ConfigError(
            "EXC-CFG-003",
            "there is no such folder; wanted one with profiles/ or packs/ of your own.",
            at=str(policies),
        )
    if key is None:
        return Folders(policies)
    if policies is None:
        raise ConfigError(
            "EXC-CFG-001", "policy-key needs a folder to be signed.", hint="Name it: policies."
        )
    seal = read_seal(policies, load_verifier(key))
    seal.check_whole()
    return Folders(policies, seal)


def exceptions_path(state_dir: Path, policies: Path | None) -> Path:
    """Where the operator's exceptions stand: beside their policies, else with the state."""
    return (policies or state_dir) / EXCEPTIONS


def _shown(path: Path) -> str:
    """A path as short as it can be: shipped files by their place among the policies."""
    try:
        return f"policies/{path.relative_to(policies_dir()).as_posix()}"
    except ValueError:
        return str(path)
