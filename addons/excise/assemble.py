"""Files → a ready engine: packs, profile, keys and databases read from disk and joined.

The only place that knows where each piece lives. Everything it returns is immutable, so a reload
builds anew and swaps one reference.
"""

from __future__ import annotations

import ctypes
import gc
import hashlib
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NamedTuple

import excise.rules
from excise.catalogue import Catalogue, load_catalogue
from excise.detectors.adopted.detect_secrets import adopted_rules
from excise.detectors.answers.facts import Facts
from excise.detectors.answers.packages import Packages
from excise.detectors.asked import sequence
from excise.detectors.asked.deep import Deep
from excise.detectors.base import Detector, Findings
from excise.detectors.build import build_scanner, entities_of, side_detectors
from excise.detectors.meaning.own_topics import OwnTopic
from excise.detectors.meaning.reading import Meaning, Topics
from excise.detectors.own.canary import Canaries
from excise.detectors.own.code import OwnCode
from excise.detectors.own.known import Known, KnownIndex
from excise.detectors.own.records import RecordIndex, Records
from excise.detectors.scanner import FullScanner
from excise.enforce.redact import Placeholders, blinder
from excise.enforce.replies import Replies, parse_replies
from excise.enforce.substitute import Substitutes
from excise.errors import ConfigError, NoAnswer, PolicyError, StateError
from excise.folders import Folders, open_folders
from excise.model import Decision, Direction, DocumentText, Mode, Principal, Segment
from excise.policy.build import Policy, build_policy, shadowed
from excise.policy.decide import decide, decide_case
from excise.policy.facts import WEIGHTS, RuleFacts
from excise.policy.limits import NO_LIMITS, Limits, parse_limits, parse_prices
from excise.policy.load import check_cases, parse_profile
from excise.policy.schema import Grey, Profile, is_grey
from excise.policy.situation import NO_SIGNALS, Signals, Situation
from excise.policy.waivers import Waiver, Waivers, parse_waivers
from excise.rules.accepted import excused
from excise.rules.compile import derived_from, recall
from excise.rules.extend import extend_rules
from excise.rules.load import extended_by, load_packs
from excise.rules.schema import Rule, RulePack, Status
from excise.state.indexes import get_index, list_indexes
from excise.state.keys import derive, load_or_create_key
from excise.workers.asking import Asking
from excise.workers.process import Process
from excise.workers.reader import DocumentReader

BASELINE: Final = "baseline"  # the kind of index that an imported baseline becomes
_QUIET: Final = 4.0  # seconds behind the start, when the messages that waited for it are through
_BREATH: Final = 0.01
_LOADING: Final = 180.0  # seconds that a model of the operator's may take to load


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One policy version with everything that judges text by it."""

    catalogue: Catalogue
    policy: Policy
    packs: tuple[RulePack, ...]
    facts: tuple[RuleFacts, ...]  # of every stable rule of the packs, also those above the level
    scanner: FullScanner
    placeholders: Placeholders
    substitutes: Substitutes
    replies: Replies
    fingerprint_key: bytes
    override_key: bytes
    documents: Callable[[bytes], DocumentText]
    expired: tuple[Waiver, ...] = ()  # exceptions whose last day is past
    limits: Limits = NO_LIMITS

    def decide(
        self,
        found: Sequence[tuple[Segment, Findings]],
        direction: Direction,
        principal: Principal,
        signals: Signals = NO_SIGNALS,
    ) -> Decision:
        """What the policy says of what was found, outside any exchange."""
        situation = Situation(direction=direction, principal=principal, signals=signals)
        return decide(self.policy, found, situation)


def settle() -> None:
    """What is loaded by now stays as long as the process: leave it out of the searches for garbage,
    each of which took tens of milliseconds of some request. What loading took beside goes back to
    the system, up to thirty megabytes where databases were compiled."""
    gc.collect()
    gc.freeze()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc alone
    if trim is not None:
        trim(0)


def prepare(engine: Engine, wait: Callable[[float], object] = time.sleep) -> None:
    """Make in quiet moments what messages would wait for: patterns are compiled when one is first
    needed, for up to tens of milliseconds each."""
    wait(_QUIET)
    for _ in engine.scanner.prepare():
        wait(_BREATH)


def load_engine(
    profile: str,
    *,
    state_dir: Path,
    policies: Path | None = None,
    policy_key: Path | None = None,
    shadow: bool = False,
    enforce: bool = False,
    deep: str = "",
    deep_seconds: float = 2.0,
    classifier: Path | None = None,
) -> Engine:
    """Read and check everything a profile needs. Raises `PolicyError`, `ConfigError`, `StateError`.

    `policies` is a folder of the operator's own, laid out as the shipped one; what it holds stands
    before what is shipped, and must be signed by `policy_key` where one is named. `deep` is a model
    of theirs as KIND:MODEL, `classifier` the folder of one for sequences. `shadow` puts every pack
    in shadow, `enforce` takes every shadow away.
    """
    folders = open_folders(policies, policy_key)
    text, written = read_profile(profile, folders)
    origin = written.origin.rpartition(":")[0]
    chosen = _in_mode(written, shadow=shadow, enforce=enforce)
    sources, chosen = _read_packs(chosen, folders, origin)
    cache, kept_as = _DatabaseFolder(state_dir / "cache"), _name_of_rules(sources)
    known = recall(cache.get(kept_as))
    packs = load_packs({k: files for k, files in sources.items() if _VERSION not in files})
    rules = _rules_of(packs, sources)
    hosts, hosts_origin = folders.first("hosts.yaml")
    replies = folders.first("replies.yaml")
    key = load_or_create_key(state_dir / "key")
    limits_text, limits = read_limits(folders)
    granted = _granted(*folders.exceptions(state_dir), derive(key, "fingerprints"))
    facts = tuple(facts_of(rule) for rule in rules)
    source = _digested(text, f"{hosts}{limits_text}{granted.text}{replies[0]}", sources, chosen)
    policy = build_policy(chosen, facts, origin, source, salt=derive(key, "rollout"))
    policy = replace(policy, excuse=granted.excuse)
    _hold_cases(policy, origin)
    active = excused((rule for rule in rules if rule.id in policy.rules), _accepted(state_dir))
    own = _own_detectors(active, state_dir, key)
    own |= _deep_detectors(active, deep, deep_seconds)
    own |= _classifiers(active, classifier, chosen.judge.grey)
    detectors = side_detectors(active, own)
    scanner = build_scanner(
        active, cache, blind=blinder(entities_of(rules, detectors)), detectors=detectors,
        asking=Asking(), awaited=policy.awaited)  # fmt: skip
    if not known:
        cache.put(kept_as, derived_from(rules))
    return Engine(
        catalogue=load_catalogue(hosts, hosts_origin),
        policy=policy,
        packs=packs,
        facts=facts,
        scanner=scanner,
        replies=parse_replies(*replies),
        **_keyed(key),
        documents=DocumentReader().read,
        expired=granted.expired,
        limits=limits,
    )


def read_profile(name: str, folders: Folders, below: tuple[str, ...] = ()) -> tuple[str, Profile]:
    """A profile by name or file, with what it extends read into it: all the texts, and what they
    say. Raises `ExciseError`."""
    text, origin = folders.profile(name)
    texts = [text]

    def read_base(base: str, at: str) -> Profile:
        if base in (*below, name):
            raise PolicyError("EXC-POL-015", f"{base} extends itself.", at=at)
        known, profile = read_profile(base, folders, (*below, name))
        texts.append(known)
        return profile

    profile = parse_profile(text, origin, read_base)
    return "\0".join(texts), profile


def _keyed(key: bytes) -> dict[str, Any]:
    """What an engine does with keys of its own."""
    return {
        "placeholders": Placeholders(derive(key, "placeholders")),
        "substitutes": Substitutes(derive(key, "substitutes")),
        "fingerprint_key": derive(key, "fingerprints"),
        "override_key": derive(key, "overrides"),
    }


_VERSION: Final = "version"  # stands for the files of a pack that is read from a library


class _Granted(NamedTuple):
    """The operator's exceptions: as written, those in force, and those that are over."""

    text: str
    excuse: Waivers | None
    expired: tuple[Waiver, ...]


def read_limits(folders: Folders) -> tuple[str, Limits]:
    """What limits and prices say, as written and as values. Raises `ExciseError`."""
    prices, prices_origin = folders.first("prices.yaml")
    limits, origin = folders.first("limits.yaml")
    return limits + prices, parse_limits(limits, origin, parse_prices(prices, prices_origin))


def _granted(text: str, origin: str, key: bytes) -> _Granted:
    waivers = parse_waivers(text, origin) if text else ()
    moment = datetime.now(UTC)
    over = tuple(each for each in waivers if each.is_over(moment))
    rest = tuple(each for each in waivers if not each.is_over(moment))
    return _Granted(text, Waivers(rest, key) if rest else None, over)


class _Adopted(NamedTuple):
    """A pack that is read from an installed library: which, and its rules."""

    library: str
    rules: Callable[[], tuple[Rule, ...]]


def _presidio() -> tuple[Rule, ...]:
    # Imported where a profile asks for it: it takes seconds and ninety megabytes.
    from excise.detectors.adopted.presidio import adopted_rules

    return adopted_rules()


def _detect_secrets() -> tuple[Rule, ...]:
    from excise.detectors.adopted.secrets_pack import adopted_rules

    return adopted_rules()


ADOPTED: Final[Mapping[str, _Adopted]] = {
    "presidio": _Adopted("presidio_analyzer", _presidio),
    "detect-secrets": _Adopted("detect_secrets", _detect_secrets),
}


def _rules_of(packs: Sequence[RulePack], sources: Mapping[str, Mapping[str, str]]) -> list[Rule]:
    """Every stable rule, as extended."""
    rules = [rule for pack in packs for rule in pack.rules if rule.status is Status.STABLE]
    rules += _rules_of_libraries(sources)
    return extend_rules(rules, (each for pack in packs for each in pack.extensions))


def _rules_of_libraries(sources: Mapping[str, Mapping[str, str]]) -> list[Rule]:
    """What the pack `secrets` takes from detect-secrets, and the packs that have no files."""
    rules = list(adopted_rules()) if "secrets" in sources else []
    for name, files in sources.items():
        if _VERSION in files:
            rules += ADOPTED[name].rules()
    return rules


def _own_detectors(rules: Sequence[Rule], state_dir: Path, key: bytes) -> dict[str, Detector]:
    """Those detectors over what the operator had indexed that some rule reads. Raises
    `StateError`."""
    found: dict[str, Detector] = {}
    asked = {rule.asked.detector for rule in rules if rule.asked}
    for kind, build in _OWN.items():
        if kind not in asked:
            continue
        stored = {name: get_index(state_dir, kind, name) for name in list_indexes(state_dir, kind)}
        if stored:
            try:
                found[kind] = build(stored, derive(key, kind))
            except ValueError as why:
                at = str(state_dir / "indexes" / kind)
                raise StateError("EXC-STA-002", f"{why}; make it anew.", at=at) from None
    return found


def _accepted(state_dir: Path) -> frozenset[str]:
    """What imported baselines accept. Raises `StateError`."""
    stored = (get_index(state_dir, BASELINE, name) for name in list_indexes(state_dir, BASELINE))
    return frozenset(digest for data in stored for digest in data.decode("ascii").split())


def _deep_detectors(rules: Sequence[Rule], model: str, seconds: float) -> dict[str, Detector]:
    """The operator's own model in a child, loaded, where some rule reads it. Raises
    `ConfigError`."""
    if not model or not any(rule.asked and rule.asked.detector == Deep.name for rule in rules):
        return {}
    kind, _, name = model.partition(":")
    child = Process("excise.workers.deep", kind, name)
    _begin(child, model, f"python -m excise.workers.deep {kind} {name}")
    return {Deep.name: Deep(lambda asked, left: child.ask(asked, within=left), seconds)}


def _classifiers(
    rules: Sequence[Rule], folder: Path | None, grey: Mapping[str, Grey]
) -> dict[str, Detector]:
    """The operator's own classifier in a child, loaded, where some rule reads it. Raises
    `ConfigError`."""
    if folder is None or not any(r.asked and r.asked.detector == sequence.NAME for r in rules):
        return {}
    child = Process("excise.workers.onnx", str(folder))
    _begin(child, str(folder), f"python -m excise.workers.onnx {folder}")
    meaning = Meaning.shipped()
    return {
        sequence.NAME: sequence.SequenceModel(
            lambda asked, left: child.ask(asked, within=left),
            _LOADING,  # what it is given is what the exchange has left
            lambda glance: is_grey(grey, meaning.worst(glance)),
        )
    }


def _begin(child: Process, model: str, command: str) -> None:
    """Load a model before anybody waits for it. Raises `ConfigError`."""
    try:
        child.ask({"texts": []}, within=_LOADING)
    except NoAnswer as why:
        raise ConfigError(
            "EXC-CFG-004",
            f"the model does not load ({why.reason}); wanted one that is installed.",
            at=model,
            hint=f"Try: {command}",
        ) from None


def _own_records(stored: Mapping[str, bytes], key: bytes) -> Detector:
    return Records([RecordIndex.from_bytes(data) for data in stored.values()], key)


def _known_values(stored: Mapping[str, bytes], key: bytes) -> Detector:
    return Known([KnownIndex.from_bytes(data) for data in stored.values()], key)


def _canaries(stored: Mapping[str, bytes], key: bytes) -> Detector:
    return Canaries({name: KnownIndex.from_bytes(data) for name, data in stored.items()}, key)


def _own_code(stored: Mapping[str, bytes], key: bytes) -> Detector:
    return OwnCode.of_files(list(stored.values()), key)


def _own_topics(stored: Mapping[str, bytes], _: bytes) -> Detector:
    own = [OwnTopic.from_bytes(stored[name]) for name in sorted(stored)]
    return Topics(Meaning.shipped(), own)


_OWN: Final[dict[str, Callable[[Mapping[str, bytes], bytes], Detector]]] = {
    "dictionary": _own_records,
    "own-code": _own_code,
    "known-value": _known_values,
    "canary": _canaries,
    "packages": Packages.stored,
    "facts": Facts.stored,
    "topics": _own_topics,
}


def facts_of(rule: Rule) -> RuleFacts:
    """What policy knows of a rule."""
    return RuleFacts(
        id=rule.id,
        pack=rule.pack,
        entity=rule.entity,
        kind=rule.kind,
        severity=rule.severity,
        level=rule.level,
        action=rule.action,
        directions=rule.directions,
        parts=rule.parts,
        detector=rule.asked.detector if rule.asked else "pattern",
        weight=WEIGHTS[rule.severity] if rule.weight is None else rule.weight,
        mode=rule.mode,
        because=rule.because,
    )


def _hold_cases(policy: Policy, origin: str) -> None:
    outcome = {}
    for case in policy.profile.cases:
        for rule in case.rules:
            if rule.partition("=")[0] not in policy.rules:
                raise PolicyError(
                    "EXC-POL-010", f'case "{case.name}": no rule "{rule}" here.', at=case.origin
                )
        outcome[case.name] = decide_case(policy, case)
    for fault in check_cases(policy, outcome):
        raise PolicyError("EXC-POL-009", fault, at=origin)


def _in_mode(profile: Profile, *, shadow: bool, enforce: bool) -> Profile:
    profile = shadowed(profile) if shadow else profile
    return _enforced(profile) if enforce else profile


def _enforced(profile: Profile) -> Profile:
    return replace(
        profile,
        packs=tuple(replace(use, mode=Mode.ENFORCE, shadow=frozenset()) for use in profile.packs),
        clauses=tuple(
            replace(clause, mode=Mode.ENFORCE, percent=100) for clause in profile.clauses
        ),
        cases=(),
    )


def _digested(
    text: str, hosts: str, sources: Mapping[str, Mapping[str, str]], profile: Profile
) -> bytes:
    modes = repr([(use.name, use.mode) for use in profile.packs])
    pieces = [text, hosts, modes]
    for pack in sorted(sources):
        pieces += [f"{name}\0{body}" for name, body in sorted(sources[pack].items())]
    return "\0\0".join(pieces).encode()


def _name_of_rules(sources: Mapping[str, Mapping[str, str]]) -> str:
    """Under which what is derived from rules is kept: other rules or other code, another name."""
    digest = hashlib.sha256(
        repr(sorted((k, sorted(v.items())) for k, v in sources.items())).encode()
    )
    for path in sorted(Path(excise.rules.__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return f"rules-{digest.hexdigest()[:32]}"


def _read_packs(
    profile: Profile, folders: Folders, origin: str
) -> tuple[dict[str, dict[str, str]], Profile]:
    """The files of every pack, and the profile with the packs that come along; those stand in the
    mode of the pack that brings them."""
    sources: dict[str, dict[str, str]] = {}
    uses, waiting = [], list(profile.packs)
    while waiting:
        use = waiting.pop(0)
        if use.name in sources:
            continue
        sources[use.name] = files = _read_pack(use.name, folders, use.origin or origin)
        uses.append(use)
        named = {each.name for each in (*profile.packs, *waiting)}
        brought = [] if _VERSION in files else extended_by(use.name, files)
        waiting += [replace(use, name=n, enforce=frozenset(), shadow=frozenset())
                    for n in brought if n not in named]  # fmt: skip
    return sources, replace(profile, packs=tuple(uses))


def _read_pack(name: str, folders: Folders, origin: str) -> dict[str, str]:
    if (files := folders.pack(name)) is not None:
        return files
    if name in ADOPTED:
        return {_VERSION: version(ADOPTED[name].library)}
    raise PolicyError("EXC-POL-010", f'no folder "packs/{name}" with a pack.yaml.', at=origin)


class _DatabaseFolder:
    """Compiled databases as owner-only files named by content; failing to keep one is no fault."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, name: str) -> Path:
        # What Hyperscan compiles fits only the kind of machine it was compiled on.
        return self._folder / f"{name}-{platform.machine()}.hsdb"

    def get(self, name: str) -> bytes:
        path = self._path(name)
        with suppress(OSError):
            facts = path.stat()
            # The file is handed to native code, so nobody else may have had a hand in it.
            if facts.st_uid == os.geteuid() and not facts.st_mode & 0o022:
                return path.read_bytes()
        return b""

    def put(self, name: str, database: bytes) -> None:
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = self._folder / f".{name}.{os.getpid()}"
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(database)
            draft.replace(self._path(name))
