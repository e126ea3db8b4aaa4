"""Templates and generators of the texts that `evaluate` makes by itself, all from a seed.

In a card template `<N>` is a card number, `<N-4>` one in groups, `<C>` its code; what stands for
either is marked as a span. `<L>` is an id that passes Luhn and begins as a card does, unmarked.
"""

# ruff: noqa: E501  (tables of texts)

from __future__ import annotations

import base64
import itertools
import random
import re
from collections.abc import Callable
from typing import Final

from excise.rules.digits import luhn_sum

_BRANDS: Final = (
    (("4",), 16), (("51", "52", "53", "54", "55"), 16), (("2221", "2720", "2500"), 16),
    (("34", "37"), 15), (("6011", "65", "644"), 16), (("300", "36", "38"), 14),
    (("3528", "3589"), 16), (("62",), 16), (("6759",), 16), (("4",), 13),
)  # fmt: skip
GATEWAY: Final = (
    ("json request", '{"amount":1999,"currency":"eur","card":{"number":"<N>","exp_month":12,"exp_year":2030,"cvc":"<C>"}}'),
    ("json flat", '{"cardNumber": "<N>", "expirationDate": "2030-12", "cardCode": "<C>"}'),
    ("json pan", '{"pan":"<N>","cvv2":"<C>","merchantId":"M-2291"}'),
    ("json spaced", '{\n  "paymentMethod": {\n    "type": "card",\n    "account": "<N>"\n  }\n}'),
    ("xml", "<CreditCard><CardNumber><N></CardNumber><CardCode><C></CardCode></CreditCard>"),
    ("xml attribute", '<card pan="<N>" cvv="<C>"/>'),
    ("form", "card_number=<N>&cvv=<C>&exp=1230&amount=10.00"),
    ("name value pairs", "METHOD=DoDirectPayment&CREDITCARDTYPE=Visa&ACCT=<N>&CVV2=<C>"),
    ("log line", "2026-03-01T10:00:00Z INFO gateway charge card=<N> cvv=<C> result=approved"),
    ("log words", "[auth] declined: card number <N>, reason do_not_honor"),
    ("csv", "name,card_number,expiry,cvv\nAnna Doe,<N>,12/30,<C>"),
    ("yaml", "payment:\n  credit_card: <N>\n  cvv: <C>"),
    ("prose", "Please charge my card <N>, the cvv is <C>."),
    ("prose groups", "My card is <N-4> and expires 12/30, security code <C>."),
    ("prose dashes", "Here it is: <N--> valid thru 11/29 cvc <C>"),
    ("prose brand", "Customer pays by Visa <N> today"),
    ("german", "Bitte die Kreditkarte <N> belasten, Prüfziffer <C>."),
    ("french", "Ma carte bancaire: <N>, cryptogramme <C>"),
    ("spanish", "Mi tarjeta es <N-4>, código de seguridad <C>"),
    ("agent", "Tool result: customer 8821 has stored card <N> (exp 04/28)"),
    ("code", 'charge(card_number="<N>", cvc="<C>")'),
    ("php", "$request['card']['number'] = '<N>';"),
    ("piped", "<N>|12|2030|<C>"),
    ("mail", "Subject: refund\n\nThe credit card I used was\n<N>\nThanks"),
    ("track 2", ";<N>=3012101000000000000?"),
)  # fmt: skip
IDS: Final = (
    ("json id", '{"id": <L>, "name": "lamp"}'),
    ("json string id", '{"order_id": "<L>", "total": 12.5}'),
    ("order", "Where is my order <L>? It should have come on Monday."),
    ("order number", "Order number: <L>"),
    ("tracking", "Tracking number <L> was delivered."),
    ("transaction", "transaction_id=<L> status=ok"),
    ("log", "2026-03-01 10:00:00 worker 7 handled request <L> in 12 ms"),
    ("url", "https://shop.example.org/items/<L>?page=2"),
    ("uuid tail", "c0ffee00-1111-4222-8333-<L12>"),
    ("long digits", "9<L>17 is the checksum of the batch"),
    ("decimal", "the result is 0.<L> after 12 rounds"),
    ("csv", "id,qty\n<L>,3\n<L>,4\n<L>,1"),
    ("column", "<L>\n<L>\n<L>"),
    ("file name", "see IMG_<L>.jpg and backup-<L>.tar"),
    ("imei", "IMEI: <L>"),
    ("user id", "user <L> liked the post of user <L>"),
    ("hex", "0x<L> and sha <L>ab"),
    ("tweet", "https://social.example.org/anna/status/<L>"),
    ("sql", "SELECT * FROM events WHERE event_key IN (<L>, <L>);"),
    ("ean", "EAN <L13> in the stock of the shop"),
)  # fmt: skip
_SLOT: Final = re.compile(r"<(N-4|N--|N|C|L12|L13|L)>")


def fill_card(template: str, dice: random.Random) -> tuple[str, list[tuple[int, int]]]:
    """The template with its slots filled, and the spans of numbers and codes."""
    prefixes, length = dice.choice(_BRANDS)
    text, at, spans = "", 0, list[tuple[int, int]]()
    for slot in _SLOT.finditer(template):
        text += template[at : slot.start()]
        at = slot.end()
        kind = slot[1]
        if kind.startswith("L"):
            text += _number(dice, *_id_shape(kind, dice))
            continue
        value = _code(dice, length) if kind == "C" else _number(dice, dice.choice(prefixes), length)
        if kind in ("N-4", "N--"):
            value = _grouped(value, " " if kind == "N-4" else "-")
        spans.append((len(text), len(text) + len(value)))
        text += value
    return text + template[at:], spans


def _id_shape(kind: str, dice: random.Random) -> tuple[str, int]:
    if kind == "L":
        prefixes, length = dice.choice(_BRANDS[:8])
        return dice.choice(prefixes), length
    return "4", int(kind[1:])


def _number(dice: random.Random, prefix: str, length: int) -> str:
    body = prefix + "".join(dice.choice("0123456789") for _ in range(length - len(prefix) - 1))
    return next(body + digit for digit in "0123456789" if luhn_sum(body + digit) % 10 == 0)


def _code(dice: random.Random, length: int) -> str:
    return "".join(dice.choice("0123456789") for _ in range(4 if length == 15 else 3))


def _grouped(number: str, separator: str) -> str:
    cuts = {15: (4, 10), 14: (4, 10)}.get(len(number), range(4, len(number), 4))
    edges = [0, *cuts, len(number)]
    return separator.join(number[a:b] for a, b in itertools.pairwise(edges))


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
