"""Lock files, logs, checksums and pictures, from a seed: text in which nothing must be found."""

# ruff: noqa: E501  (tables of texts)

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from typing import Final


def _hex(dice: random.Random, length: int) -> str:
    return f"{dice.getrandbits(4 * length):0{length}x}"


def _base64(dice: random.Random, size: int) -> str:
    return base64.b64encode(dice.randbytes(size)).decode()


def _uuid(dice: random.Random) -> str:
    h = _hex(dice, 32)
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"


def _word(dice: random.Random) -> str:
    return "".join(dice.choice("aeioulnrstdkmp") for _ in range(dice.randint(4, 9)))


def _version(dice: random.Random) -> str:
    return ".".join(str(dice.randint(0, 30)) for _ in range(3))


CLEAN: Final[dict[str, Callable[[random.Random], str]]] = {
    "package-lock integrity": lambda d: f'      "integrity": "sha512-{_base64(d, 64)}",',
    "package-lock resolved": lambda d: f'      "resolved": "https://packages.example.org/{_word(d)}/-/{_word(d)}-{_version(d)}.tgz#{_hex(d, 40)}",',
    "yarn lock": lambda d: f'{_word(d)}@^{_version(d)}:\n  version "{_version(d)}"\n  checksum: {_hex(d, 128)}',
    "cargo lock": lambda d: f'name = "{_word(d)}"\nversion = "{_version(d)}"\nchecksum = "{_hex(d, 64)}"',
    "go sum": lambda d: f"github.example.org/{_word(d)}/{_word(d)} v{_version(d)} h1:{_base64(d, 32)}",
    "go sum mod": lambda d: f"gitlab.example.org/{_word(d)} v{_version(d)}-20240{d.randint(101, 930)}-{_hex(d, 12)}/go.mod h1:{_base64(d, 32)}",
    "pip hashes": lambda d: f"{_word(d)}=={_version(d)} \\\n    --hash=sha256:{_hex(d, 64)}",
    "poetry lock": lambda d: f'    {{file = "{_word(d)}-{_version(d)}-py3-none-any.whl", hash = "sha256:{_hex(d, 64)}"}},',
    "git log": lambda d: f"commit {_hex(d, 40)}\nAuthor: {_word(d)} <{_word(d)}@example.org>\n    fix the {_word(d)} key of {_word(d)}",
    "git oneline": lambda d: f"{_hex(d, 10)} Merge branch '{_word(d)}/token-{_word(d)}' into main",
    "git tree": lambda d: f"100644 blob {_hex(d, 40)}\tsrc/{_word(d)}/{_word(d)}.py",
    "git diff": lambda d: f"index {_hex(d, 8)}..{_hex(d, 8)} 100644\n@@ -{d.randint(1, 99)},7 +{d.randint(1, 99)},9 @@ def {_word(d)}(self, key):",
    "sha256sum": lambda d: f"{_hex(d, 64)}  {_word(d)}-{_version(d)}.tar.gz",
    "md5sum": lambda d: f"{_hex(d, 32)} *{_word(d)}.iso",
    "uuid list": lambda d: _uuid(d),
    "uuid json": lambda d: f'{{"id": "{_uuid(d)}", "parent": "{_uuid(d)}", "name": "{_word(d)}"}}',
    "uuid log": lambda d: f"2026-02-{d.randint(10, 28)}T10:{d.randint(10, 59)}:11Z INFO [{_uuid(d)}] {_word(d)} took {d.randint(1, 900)} ms trace={_hex(d, 32)}",
    "image digest": lambda d: f"image: images.example.org/{_word(d)}/{_word(d)}@sha256:{_hex(d, 64)}",
    "data address": lambda d: f'<img alt="{_word(d)}" src="data:image/png;base64,iVBORw0KGgo{_base64(d, 300)}">',
    "mime picture": lambda d: _base64(d, 57),
    "etag": lambda d: f'ETag: "{_hex(d, 32)}"\nLast-Modified: Mon, 02 Mar 2026 10:00:00 GMT',
    "object id": lambda d: f'{{"_id": {{"$oid": "{_hex(d, 24)}"}}, "n": {d.randint(1, 10**15)}}}',
    "subresource": lambda d: f'<script src="/{_word(d)}.js" integrity="sha384-{_base64(d, 48)}" crossorigin="anonymous"></script>',
    "hex dump": lambda d: f"{d.randint(0, 10**7):08x}  {' '.join(_hex(d, 2) for _ in range(16))}  |................|",
    "certificate": lambda d: "-----BEGIN CERTIFICATE-----\n" + "\n".join(_base64(d, 48) for _ in range(14)) + "\n-----END CERTIFICATE-----",
    "public key": lambda d: f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{_base64(d, 33)[:43]} {_word(d)}@example.org",
    "access log": lambda d: f'10.0.{d.randint(0, 255)}.{d.randint(1, 254)} - - [02/Mar/2026:10:00:00 +0000] "GET /{_word(d)}?v={_hex(d, 8)} HTTP/1.1" 200 {d.randint(100, 99999)}',
    "environment names": lambda d: f"{_word(d).upper()}_TOKEN=${{{_word(d).upper()}_TOKEN}}\n{_word(d)}_password = os.environ['{_word(d).upper()}_PASSWORD']",
    "settings code": lambda d: f"const apiKey = process.env.{_word(d).upper()}_API_KEY;\npassword: config.get('{_word(d)}.password'),",
    "sitemap": lambda d: f"<loc>https://www.example.org/{_word(d)}/{d.randint(10**11, 10**13)}/{_word(d)}-{_word(d)}.html</loc>",
    "timestamps": lambda d: f'{{"ts": {d.randint(1_700_000_000_000, 1_799_999_999_999)}, "us": {d.randint(1_700_000_000_000_000, 1_799_999_999_999_999)}}}',
    "source map": lambda d: f'"mappings": "{";".join("AAAA," + _word(d).upper() + "," + _word(d) for _ in range(12))}"',
}  # fmt: skip


def fill_clean(kind: str, dice: random.Random) -> str:
    """One entry of a kind of clean text; some kinds are several lines."""
    return CLEAN[kind](dice)
