"""The exceptions of the product and the catalogue of error codes.

    ExciseError                what a person can mend; has a code, exit status 2
    ├── ConfigError            EXC-CFG: settings, files, permissions
    ├── PolicyError            EXC-POL: packs, profiles, the host catalogue
    ├── AuditError             EXC-AUD: the trail cannot be written or does not verify
    ├── StateError             EXC-STA: keys, vault, CA
    └── UnsafeError            EXC-SAF: the running proxy failed its own test; exit status 3
    Unreadable                 a body no codec can read: not a fault but a verdict
    NoAnswer                   a child process that did not answer in its time

Each text says where, what was got, what was wanted and what to do; none holds raw traffic.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar, Final


class ExciseError(Exception):
    """A fault somebody can mend. Raise a subclass, with a code from `CODES`."""

    prefix: ClassVar[str] = "EXC"
    status: ClassVar[int] = 2
    """The exit status of a command that ends so."""

    def __init__(self, code: str, message: str, *, at: str = "", hint: str = "") -> None:
        self.code = code
        self.at = at
        self.hint = hint
        text = f"{at}: {message}" if at else message
        super().__init__(f"{text}{' ' + hint if hint else ''} [{code}]")


class ConfigError(ExciseError):
    """Settings, files or permissions are not as they must be."""

    prefix = "EXC-CFG"


class PolicyError(ExciseError):
    """A pack, a profile or the host catalogue says something that cannot be."""

    prefix = "EXC-POL"


class AuditError(ExciseError):
    """The audit trail cannot be written, or does not verify."""

    prefix = "EXC-AUD"


class StateError(ExciseError):
    """A key, the vault or the interception CA is missing, foreign or exposed."""

    prefix = "EXC-STA"


class UnsafeError(ExciseError):
    """The proxy does not do to a planted value what the policy says; it serves no longer."""

    prefix = "EXC-SAF"
    status = 3


class Unreadable(Exception):
    """No codec can read this body; `reason` is a closed word that may stand in the audit trail."""

    def __init__(self, reason: str) -> None:
        if reason not in REASONS:
            raise ValueError(f"unknown reason {reason!r}")
        self.reason = reason
        super().__init__(reason)


class NoAnswer(Exception):
    """What was asked outside this process did not answer: `reason` is `late`, `died`, `absent`,
    `resting`, `refused`, `garbage`."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


REASONS: Final = frozenset(
    {
        "encoding-unknown",  # a content coding no decoder is known for
        "encoding-broken",  # the coding's own checks fail, or bytes follow its end
        "expansion",  # decoded size or ratio over the ceiling
        "size",  # body over the ceiling before decoding
        "malformed",  # not the JSON, form or stream it says it is
        "charset",  # not UTF-8
        "depth",  # nested deeper than the ceiling
        "media-type",  # a body whose type no codec reads
        "document",  # a PDF or Office file that could not be read
        "archive",  # files packed together: nobody unpacks them
        "metadata",  # a picture whose metadata could not be taken out
        "media",  # pictures, sound or film: nobody looks or listens
        "token-ids",  # text as numbers of a tokenizer's
        "grpc",  # protobuf in the framing of gRPC or Connect
        "ambiguous",  # said twice: upstream may read it otherwise
        "websocket",  # an upgrade nobody reads yet
        "trailers",  # text behind the body
        "unmodelled",  # not as the document of allowed endpoints and fields says
        "truncated",  # the message ended before its own end
    }
)

CODES: Final[dict[str, str]] = {
    "EXC-CFG-001": "a setting has a value it cannot have",
    "EXC-CFG-002": "listening beyond loopback without authentication or a client allow list",
    "EXC-CFG-003": "a file or directory cannot be read or written",
    "EXC-CFG-004": "a component that this command needs is not installed",
    "EXC-CFG-005": "a setting that would open a hole was asked for",
    "EXC-CFG-006": "the proxy does not answer where it should listen",
    "EXC-CFG-007": "rules of the network cannot be set",
    "EXC-CFG-008": "a program of the system that was called did not do what it should",
    "EXC-POL-001": "YAML cannot be parsed",
    "EXC-POL-002": "a key stands twice",
    "EXC-POL-003": "an unknown key",
    "EXC-POL-004": "a required key is missing",
    "EXC-POL-005": "a value of the wrong type",
    "EXC-POL-006": "a value outside its closed list",
    "EXC-POL-007": "an id stands twice, or does not fit its pack",
    "EXC-POL-008": "a pattern uses what the dialect does not allow",
    "EXC-POL-009": "a rule's own examples do not hold",
    "EXC-POL-010": "a name that nothing carries",
    "EXC-POL-011": "too few examples, or no near miss",
    "EXC-POL-012": "a text too long, without its full stop, or otherwise out of form",
    "EXC-POL-013": "an expression that cannot be read, or does not fit the fields",
    "EXC-POL-014": "an expression that costs too much",
    "EXC-POL-015": "something that can have no effect, or contradicts itself",
    "EXC-POL-016": "a policy that loading stumbled over",
    "EXC-POL-017": "a policy that is not signed as it stands",
    "EXC-POL-018": "a document of allowed endpoints and fields that cannot be enforced",
    "EXC-AUD-001": "the trail cannot be opened or written",
    "EXC-AUD-002": "the queue in front of the trail is full",
    "EXC-AUD-003": "a record does not fit the schema",
    "EXC-AUD-004": "what belongs to the trail is malformed, or of another key",
    "EXC-AUD-005": "a sink that must not miss a line can take no more",
    "EXC-STA-001": "a key file is readable by others",
    "EXC-STA-002": "a key file or CA file is malformed",
    "EXC-STA-003": "a key file or CA file is missing",
    "EXC-STA-004": "an override cannot be granted",
    "EXC-STA-005": "a user, a group or a token that cannot be",
    "EXC-STA-006": "what nodes share, or the kill switch, does not answer or refused",
    "EXC-STA-007": "the directory of users cannot be asked",
    "EXC-SAF-001": "the proxy did not do to a planted value what its policy says",
}


def closest(word: str, known: Iterable[str]) -> str:
    """`Did you mean "x"?`, or "" where nothing known is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f'Did you mean "{near[0]}"?' if near else ""
