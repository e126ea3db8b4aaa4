"""Card numbers by their surroundings, and what belongs to one: code, expiry, and every repetition.

A pattern judges one match; whether sixteen digits are a card is told by the fields beside them, by
the column they stand in and by what the text said before. Once a number is taken for a card, its
code and date are looked for around it, and whatever repeats four of its digits, or its code, is
seen, too. Digits that merely pass Luhn (one random id in ten) are no card: a number without groups
needs words of cards near, a record of expiry and code behind it, or a column named so.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.detectors.base import Glance, Sight
from excise.detectors.patterns.checks import pan
from excise.model import Span

Ints = NDArray[np.int64]

PAN: Final = "PAN"
CODE: Final = "CODE"
EXPIRY: Final = "EXPIRY"
PART: Final = "PART"

# Of one text, so that none takes long; patterns see the plain ones among the rest.
_MOST: Final = 5_000  # numbers that are judged
_TRIES: Final = 20_000  # stretches of digits whose check digit is tried
_SHORTEST: Final = 12  # digits of a card number
_SHORTEST_CODE: Final = 3
_LONGEST: Final = 19
_WIDEST: Final = 1_000  # characters of a row of a table
_HIGHEST: Final = 4_000  # characters above a row in which the heads are looked for
_ROWS: Final = 500  # rows of a table whose other columns are looked at
_GROUPS: Final = 6
_BEFORE: Final = 80  # characters around a number in which words of cards count
_AFTER: Final = 48
_AROUND: Final = 400  # characters around a card in which its code and date are looked for

_GAP: Final = (
    r"(?:[ \t\u00a0]{0,2}[-._/\u00b7\u2010-\u2013][ \t\u00a0]?|[ \t\u00a0\u2009\u202f]{1,2}"
    r"|[ \t]{0,2}\r?\n[ \t>]{0,4})"
)
_RUN: Final = re.compile(rf"[0-9]+(?:{_GAP}[0-9]+)*")
_ENOUGH: Final = re.compile(rf"[0-9](?:{_GAP}?[0-9]){{11}}")
_GROUP: Final = re.compile(r"[0-9]+")
_NO_DIGITS: Final = bytes(code for code in range(256) if chr(code) not in "0123456789")
_NOUGHT: Final = np.uint8(ord("0"))
_NINE: Final = np.uint8(9)  # what is below the digits wraps around to more
_WIDEST_GAP: Final = 9  # from a digit to the next one of the same run
_ALONE: Final = re.compile(r"[0-9](?<![0-9A-Za-z][0-9])[0-9]{12,18}(?![0-9A-Za-z])")
_FEWEST_LISTED: Final = 4  # distinct numbers
_LISTED_CODE: Final = re.compile(r"[ \t]?[,;|\t][ \t]?(?P<code>[0-9]{3,4})(?![0-9A-Za-z.])")
_FIELD: Final = re.compile(r"[0-9]+(?:[-/][0-9]+)?")
_LAYOUTS: Final = frozenset(
    {
        (4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3), (4, 4, 4, 4, 2), (4, 4, 4, 4, 1),
        (4, 4, 4, 1), (4, 4, 4, 3), (4, 4, 4, 2), (4, 3, 3, 3), (4, 5, 6), (6, 13),
    }
)  # fmt: skip
_WORDS: Final = re.compile(
    r"card|\bpan\b|_pan\b|\bpan_|acct|\bcc(?:n|_?num\w*|_?no)?\b|\bvisa\b|mastercard|\bamex\b"
    r"|american express|\bdiscover\b|\bjcb\b|diners|unionpay|maestro|rupay|karte|tarjeta"
    r"|carte\b|cart[aã]o|\bcarta\b|kaart|kort\b|kart[aąęy]|\bcv[vc]|primary account|swipe|\bdebit\b"
    r"|long number|number on the (?:front|card)|what(?:'s| is) the number|security code"
    r"|(?:\bDE|\bF|\bfield|\bbit)[ _]?0{0,2}2[\"']?[ :=]",
    re.IGNORECASE,
)
_PAYING: Final = re.compile(
    r"\bpa(?:y|ys|id|ying) (?:with|by|using)\b|\bcharged?\b|\bdebited\b|\bbilled\b", re.IGNORECASE
)
_OTHER: Final = re.compile(
    r"(?:order|invoice|tracking|shipment|parcel|reference|ref|transaction|txn|trace|request|req"
    r"|session|customer|client|user|member|merchant|terminal|ticket|case|serial|imei|iccid|phone"
    r"|tel|mobile|isbn|ean|gtin|upc|sku|barcode|time|timestamp|ts|date|epoch|nonce|seed|hash|batch"
    r"|auth|authorization|approval|receipt|token|device|event|message|msg|row|line|object|record"
    r"|node|item|product|gift|loyalty|library|sim|graphics|memory|rrn|arn|stan|fax|status|handled"
    r"|(?:^|[^a-z])id|(?:order|user|customer|card|payment|method)[_-]?id)"
    r"[ _-]?(?:ids?|no|nr|num|number|key|code|ref|#)?\.?[\"'`)\]>]{0,2}\s{0,3}"
    r"(?:is|=>|[:=#]|\s){0,2}"
    r"\s{0,2}[\"'`(#]{0,2}\Z|(?:^|[^A-Za-z0-9])(?:tok|pi|pm|ch|cus|src|seti|txn|ord|evt|inv|re)_\Z",
    re.IGNORECASE,
)
_PUNCTUATION: Final = " \t\r\n\f\v\"'`)]>.:=#("  # that may stand behind such a name
# One of these stands in every text that spells a card out; cheaper than to look for the numbers.
_TELLING: Final = ("card", "cart", "kart", "code", "cv", "kaart", "tarjeta", "visa", "digit")
_BRAND_CODE: Final = re.compile(r"(?<![A-Za-z0-9])(?:VI|CA|MC|AX|DS|DC|JC|TP|CC|card|pan)\Z")
_EDGE: Final = r"[ \t|;,:/\"'\u00a0]"
_MONTH: Final = r"(?:0[1-9]|1[0-2])"
_YEAR: Final = r"(?:20)?[2-4][0-9]"
_DATE: Final = (
    rf"(?:{_MONTH}[ ]?[-/.|][ ]?{_YEAR}|20[2-4][0-9][-/]{_MONTH}|{_MONTH}{_YEAR}"
    rf"|[2-4][0-9]{_MONTH})"
)
_RECORD: Final = re.compile(
    # The field between is tried last: what stands right behind the number is the date.
    rf"{_EDGE}{{1,4}}(?:[^\n|;,\t]{{0,30}}[|;,\t]{_EDGE}{{0,3}})??"
    rf"(?P<date>{_MONTH}{_EDGE}{{0,3}}[-/|;,:]?{_EDGE}{{0,3}}{_YEAR})"
    rf"(?:{_EDGE}{{1,4}}(?P<code>[0-9]{{3,4}}))?(?![0-9A-Za-z])"
)
_CODE_FIRST: Final = re.compile(
    rf"{_EDGE}{{1,4}}(?P<code>[0-9]{{3,4}}){_EDGE}{{1,4}}(?P<date>{_MONTH}{_EDGE}{{0,2}}{_YEAR})"
    r"(?![0-9A-Za-z])"
)
_TRACK: Final = re.compile(
    rf"(?:[=D]|\^[^^\n]{{2,30}}\^)[2-4][0-9]{_MONTH}[0-9]{{3}}(?:[0-9 ]{{0,59}}[0-9])?F?\??"
)
_CODE_WORDS: Final = (
    r"(?:cv[vcn]2?\b|cvv\w*|cvc\w*|\bcv2\b|\bcsc\b|\bcid\b|card[ _]?code|security[ _-]?code"
    r"|security (?:number|digits)|(?:verification|verify|safety)[ _-]?(?:code|value|number)"
    r"|digits? on the (?:back|front)|code on the (?:back|front)"
    r"|(?:three|four|3|4)[ -]digits?(?: code)?(?: on the (?:back|front))?"
    r"|sicherheitscode|pr(?:ü|ue)f(?:ziffer|nummer|zahl)|cryptogramme(?: visuel)?"
    r"|code de s[eé]curit[eé]|c[oó]digo de (?:seguran[cç]a|seguridad)|codice di sicurezza"
    r"|beveiligingscode|kod (?:cvv2?|cvc2?|bezpiecze\w+|zabezp\w+))"
)
_CODE: Final = re.compile(
    rf"{_CODE_WORDS}(?:[^0-9\n]{{0,32}}(?:\n[^0-9\n]{{0,24}}"
    r"(?:[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?[^0-9\n]{1,24})?)?)(?P<code>[0-9]{3,4})"
    r"(?![0-9A-Za-z%]|[.:/][0-9])",
    re.IGNORECASE,
)
# How all of that begins where it is of ASCII; so much is looked for at the speed of memory.
_CODE_SIGNS: Final = (
    "cv", "csc", "cid", "card", "security", "verif", "safety", "digit", "code", "three", "four",
    "3 digit", "3-digit", "4 digit", "4-digit", "sicherheitscode", "pruef", "cryptogramme",
    "codigo", "codice", "beveiligingscode", "kod ",
)  # fmt: skip
_CODE_BEFORE: Final = re.compile(
    rf"(?<![0-9A-Za-z.:/$-])(?P<code>[0-9]{{3,4}})[^0-9\n]{{1,24}}?{_CODE_WORDS}", re.IGNORECASE
)
_EXPIRES: Final = re.compile(
    r"(?:exp[a-z]*|valid[a-z]*|g(?:ü|ue)ltig bis|valable jusqu\S*|caduc[a-z]*|vence|scad[a-z]*"
    r"|validade|geldig tot|wa[zż]na do|wygasa|end[es]s?|verf[aä]llt|good thr[a-z]*"
    r"|(?:\bDE|\bF|\bfield|\bbit)[ _]?0?14)"
    rf"[^0-9\n]{{0,24}}(?:\n[^0-9\n]{{0,12}})?(?P<date>{_DATE}|20[2-4][0-9]|{_MONTH})(?![0-9])",
    re.IGNORECASE,
)
_EXPIRY_SIGNS: Final = (
    "exp", "valid", "gueltig", "valable", "caduc", "vence", "scad", "geldig", "wazna", "wygasa",
    "ende", "ends", "verfallt", "good thr",
    *(f"{name}{gap}{zero}14" for name in ("de", "f", "field", "bit") for gap in ("", " ", "_")
      for zero in ("", "0")),
)  # fmt: skip
# Begins with its one digit, which is quick to look for, and then looks back.
_EMV: Final = re.compile(r"5(?<![G-Zg-z_]5)(?:A ?0([6-9A])|7 ?(0[8-9A-F]|1[0-3])) ?(?=[0-9])")
_EMV_NUMBER: Final = re.compile(r"([0-9]{11,20})F?")
_EMV_TRACK: Final = re.compile(r"([0-9]{12,19})D[0-9]{7,19}F?")
_EMV_DATE: Final = re.compile(r"5F24 ?03 ?(?P<date>[2-4][0-9](?:0[1-9]|1[0-2])[0-9]{2})")
_NAMES: Final = (
    (PAN, re.compile(r"card|\bpan\b|\bccn?\b|number|acct|kart|tarjeta|carte", re.IGNORECASE)),
    (CODE, re.compile(r"\bcv[vcn]2?\b|security|\bcsc\b|\bcode\b", re.IGNORECASE)),
    (EXPIRY, re.compile(r"\bexp|valid|\bmonth|\byear", re.IGNORECASE)),
)


class _Number(NamedTuple):
    """A stretch that could be a card number: prefix, length and Luhn are right."""

    start: int
    end: int
    digits: str
    sizes: tuple[int, ...]  # digits by group
    led: bool  # further digits are tied to its start
    followed: bool  # or to its end


class Cards:
    """Implements `Detector`; holds nothing."""

    name: Final = "cards"
    labels: Final = frozenset({PAN, CODE, EXPIRY, PART})

    def find(self, glances: Sequence[Glance]) -> list[tuple[Sight, ...]]:
        """For each text its card numbers and what belongs to them."""
        return [tuple(_look(glance)) for glance in glances]


def _look(glance: Glance) -> list[Sight]:
    """The sights in a text, or where it spells numbers out in words, in what they stand for."""
    label = glance.segment.label
    view = glance.spoken  # read before, and there is none in most texts
    if view is None or not any(word in glance.low for word in _TELLING):
        return _sights(glance.text, label)
    sights = _sights(view.text, label)
    return [sight._replace(span=view.back(sight.span)) for sight in sights]


def _sights(text: str, label: str) -> list[Sight]:
    plain = text.encode("ascii", "replace")
    if len(plain.translate(None, _NO_DIGITS)) < _SHORTEST:
        return []
    digits = (np.frombuffer(plain, np.uint8) - _NOUGHT <= _NINE).nonzero()[0]
    crowds = _crowds(digits)
    if not any(_ENOUGH.search(text, *crowd) for crowd in crowds):
        return []
    numbers = list(_numbers(text, crowds))
    cards = list(_cards(text, label, numbers[:_MOST]))
    listed = _listed(text, label, numbers)
    known = {card.digits for card in (*cards, *listed)}
    spans = {_whole(text, each) for each in numbers if each.digits in known}
    tagged = list(_tagged(text))
    spans.update(span for span, _ in tagged)
    known.update(digits for _, digits in tagged)
    if not known:
        return []
    codes, dates = _companions(text, sorted(spans))
    codes.update(
        Span(*found.span("code"))
        for number in listed
        if (found := _LISTED_CODE.match(text, number.end))
    )
    values = {text[start:end] for start, end in codes}
    groups = list(_groups(digits))
    sizes = {size for span in groups if (size := span.end - span.start) > _SHORTEST_CODE}
    pieces = {piece for digits in known for piece in _pieces(digits, sizes)}
    parts = set[Span]()
    for span in groups:
        group = text[span.start : span.end]
        if group in values and _is_alone(text, span):
            codes.add(span)
        elif group in pieces:
            parts.add(span)
    covered = _outermost(spans)
    return sorted(
        [
            *(Sight(PAN, span, 0.97) for span in covered),
            *(Sight(CODE, span, 0.95) for span in _outside(codes, covered)),
            *(Sight(EXPIRY, span, 0.9) for span in _outside(dates, covered)),
            *(Sight(PART, span, 0.9) for span in _outside(parts, covered)),
        ],
        key=lambda sight: (sight.span, sight.label),
    )


def _runs(digits: Ints, gap: int) -> tuple[Ints, Ints]:
    """First and last place of the digits between which there is no wider gap."""
    cuts = (digits[1:] - digits[:-1] > gap).nonzero()[0]
    firsts = np.concatenate((digits[:1], digits.take(cuts + 1)))
    return firsts, np.concatenate((digits.take(cuts), digits[-1:]))


def _crowds(digits: Ints) -> list[tuple[int, int]]:
    """Stretches of a text that may hold a number; one of `_RUN` lies in one of them."""
    firsts, lasts = _runs(digits, _WIDEST_GAP)
    wide = (lasts - firsts >= _SHORTEST - 1).nonzero()[0]
    return list(zip(firsts.take(wide).tolist(), (lasts.take(wide) + 1).tolist(), strict=True))


def _groups(digits: Ints) -> Iterator[Span]:
    """Where as many digits as in a code or in a number stand side by side."""
    firsts, lasts = _runs(digits, 1)
    sizes = lasts - firsts
    few = ((sizes >= _SHORTEST_CODE - 1) & (sizes < _LONGEST)).nonzero()[0]
    return map(Span, firsts.take(few).tolist(), (lasts.take(few) + 1).tolist())


def _cards(text: str, label: str, numbers: Sequence[_Number]) -> Iterator[_Number]:
    """Those that are cards by their surroundings; one that comes again is told once."""
    known = set[str]()
    for number in numbers:
        if number.digits not in known and _is_card(text, label, number):
            known.add(number.digits)
            yield number


def _pieces(digits: str, sizes: Iterable[int]) -> Iterator[str]:
    """Everything of these sizes that would be left of a number if four of its digits were."""
    for size in sizes:
        yield from (digits[at : at + size] for at in range(len(digits) - size + 1))


def _numbers(text: str, crowds: Iterable[tuple[int, int]]) -> Iterator[_Number]:
    """Stretches of whole groups of digits that `pan` holds of."""
    for groups, first, last in islice(_stretches(text, crowds), _TRIES):
        start, end = groups[first].start, groups[last].end
        digits = "".join(text[each.start : each.end] for each in groups[first : last + 1])
        if pan(digits):
            sizes = tuple(each.end - each.start for each in groups[first : last + 1])
            inside = text[groups[first].end : groups[first + 1].start] if last > first else ""
            before, after = groups[max(first - 1, 0) : first], groups[last + 1 : last + 2]
            led = any(_ties(text[each.end : start], inside) for each in before)
            followed = any(_ties(text[end : each.start], inside) for each in after)
            yield _Number(start, end, digits, sizes, led, followed)


def _stretches(
    text: str, crowds: Iterable[tuple[int, int]]
) -> Iterator[tuple[list[Span], int, int]]:
    """Groups of digits with the first and last of some that are as long as a card number."""
    for run in chain.from_iterable(_RUN.finditer(text, *crowd) for crowd in crowds):
        if run.end() - run.start() < _SHORTEST:
            continue
        groups = [Span(*m.span()) for m in _GROUP.finditer(text, run.start(), run.end())]
        for first, group in enumerate(groups):
            length = 0
            if text[group.start] == "0" or group.end - group.start < 3:
                continue
            for last in range(first, min(first + _GROUPS, len(groups))):
                length += groups[last].end - groups[last].start
                if length > _LONGEST:
                    break
                if length >= _SHORTEST:
                    yield groups, first, last


def _ties(gap: str, inside: str) -> bool:
    """Whether a gap beside a number is of the kind of the gaps in it, or binds anyhow."""
    return gap.strip() == inside.strip() if inside else not gap.isspace()


def _whole(text: str, number: _Number) -> Span:
    """The number with the rest of its track, if it stands in one."""
    rest = _TRACK.match(text, number.end)
    return Span(number.start, rest.end() if rest else number.end)


def _is_card(text: str, label: str, number: _Number) -> bool:
    """Whether its surroundings make a number that could be a card one."""
    start, end = number.start, number.end
    before, after = text[max(0, start - _BEFORE) : start], text[end : end + _AROUND]
    glued = before[-1:].isalnum() and before[-2:] != "%B"
    branded = glued and _BRAND_CODE.search(before) is not None
    if (glued and not branded) or (after[:1].isalnum() and not _TRACK.match(after)):
        return False
    if _TRACK.match(after) or _holds_record(after):
        return True
    bare = len(number.sizes) == 1
    if _is_other(_front(text, label, start)):
        return False
    if bare and (number.led or (number.followed and not _WORDS.search(before[-24:]))):
        return False
    printed = number.sizes in _LAYOUTS and not number.led and not number.followed
    if (printed and "\n" not in text[start:end]) or branded:
        return True
    # Without any letter, which is quick to see, there is no word.
    near = (each for each in (before, after[:_AFTER], label) if each.lower() != each.upper())
    named = any(map(_WORDS.search, near)) or _PAYING.search(before[-32:]) is not None
    return named or PAN in _column(text, start)


def _listed(text: str, label: str, numbers: Sequence[_Number]) -> list[_Number]:
    """Cards by company: where at least half of all the long numbers of a text could be cards, they
    are. Of ids one in twenty could, so that four of eight are chance once in thousands of texts.
    """
    if len({each.digits for each in numbers}) < _FEWEST_LISTED:
        return []
    long = {found[0] for found in _ALONE.finditer(text)}
    could = {each.digits: each for each in numbers if each.digits in long}
    if len(could) < _FEWEST_LISTED or 2 * len(could) < len(long):
        return []
    return [
        each
        for each in numbers
        if each.digits in could and not _is_other(_front(text, label, each.start))
    ]


def _front(text: str, label: str, start: int) -> str:
    """What stands in front of a place, the text's label at its very beginning."""
    before = text[max(0, start - _BEFORE) : start]
    return f"{label}: {before}" if label and start < _BEFORE else before


def _is_other(before: str) -> bool:
    """Whether what stands in front names something else. All such names end in letters, which is
    quick to see."""
    named = before.rstrip(_PUNCTUATION)[-1:]
    return (named.isalpha() or named in "_-" or named.isspace()) and bool(_OTHER.search(before))


def _holds_record(after: str) -> bool:
    matches = (_RECORD.match(after), _CODE_FIRST.match(after))
    return any(match is not None and match["code"] is not None for match in matches)


def _column(text: str, at: int) -> Iterator[str]:
    """What the heads of a table say of the field that begins at `at`; nothing outside tables."""
    begin = text.rfind("\n", max(0, at - _WIDEST), at) + 1
    if not begin:
        return
    row = text[begin:at]
    separator = max(("|", "\t", ";", ","), key=row.count)
    place = row.count(separator)
    if not place and separator not in text[at : at + 40]:
        return
    above = text[max(0, begin - _HIGHEST) : begin].rpartition("\n\n")[2]
    for head in (above.partition("\n")[0], text[:_WIDEST].partition("\n")[0]):
        fields = head.split(separator)
        if place < len(fields) and not any(char.isdigit() for char in head):
            field = fields[place].replace("_", " ")
            yield from (name for name, words in _NAMES if words.search(field))
            return


def _tagged(text: str) -> Iterator[tuple[Span, str]]:
    """Numbers in EMV records: tag 5A with its length in bytes, or tag 57 with the track."""
    for match in _EMV.finditer(text):
        end = match.end() + 2 * int(match[1] or match[2], 16)
        value = (_EMV_NUMBER if match[1] else _EMV_TRACK).fullmatch(text[match.end() : end])
        if value and pan(value[1]):
            yield Span(match.end(), end), value[1]


def _companions(text: str, cards: Sequence[Span]) -> tuple[set[Span], set[Span]]:
    """Codes and dates around the cards."""
    codes, dates = set[Span](), set[Span]()
    for card in cards:
        tail = text[card.end : card.end + _AROUND]
        for match in (_RECORD.match(tail), _CODE_FIRST.match(tail)):
            if match:
                for kind, name in ((codes, "code"), (dates, "date")):
                    if match[name]:
                        kind.add(Span(card.end + match.start(name), card.end + match.end(name)))
    for area in _areas(text, cards):
        for match in _beginning(_CODE, _CODE_SIGNS, text, area):
            codes.add(Span(*match.span("code")))
        for match in _CODE_BEFORE.finditer(text, area.start, area.end):
            codes.add(Span(*match.span("code")))
        for match in _beginning(_EXPIRES, _EXPIRY_SIGNS, text, area):
            dates.add(Span(*match.span("date")))
    for line in {text.rfind("\n", 0, card.start) + 1 for card in cards[:_ROWS]}:
        end = text.find("\n", line)
        for match in _FIELD.finditer(text, line, len(text) if end < 0 else end):
            for name in _column(text, match.start()):
                {CODE: codes, EXPIRY: dates}.get(name, set()).add(Span(*match.span()))
    for match in _EMV_DATE.finditer(text):
        dates.add(Span(*match.span("date")))
    return codes, dates


def _beginning(
    pattern: re.Pattern[str], signs: Sequence[str], text: str, area: Span
) -> Iterator[re.Match[str]]:
    """What `finditer` gives of a pattern whose matches in ASCII all begin with one of the signs."""
    low = text[area.start : area.end].lower()
    if not low.isascii():
        yield from pattern.finditer(text, area.start, area.end)
        return
    at = 0
    for place in sorted({place for sign in signs for place in _places(low, sign)}):
        if place < at:
            continue
        match = pattern.match(text, area.start + place, area.end)
        if match is not None:
            yield match
            at = match.end() - area.start


def _places(low: str, sign: str) -> Iterator[int]:
    at = low.find(sign)
    while at >= 0:
        yield at
        at = low.find(sign, at + 1)


def _areas(text: str, cards: Iterable[Span]) -> Iterator[Span]:
    """The stretches around the cards, joined where they touch."""
    area: Span | None = None
    for card in cards:
        start, end = max(0, card.start - _AROUND), min(len(text), card.end + _AROUND)
        if area is not None and start <= area.end:
            area = Span(area.start, end)
        else:
            if area is not None:
                yield area
            area = Span(start, end)
    if area is not None:
        yield area


def _is_alone(text: str, span: Span) -> bool:
    around = text[max(0, span.start - 1) : span.start] + text[span.end : span.end + 1]
    return not any(char.isalpha() for char in around)


def _outermost(spans: Iterable[Span]) -> list[Span]:
    """The spans that lie in no other, in order."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda each: (each.start, -each.end)):
        if not kept or span.end > kept[-1].end:
            kept.append(span)
    return kept


def _outside(spans: Iterable[Span], covered: Sequence[Span]) -> list[Span]:
    """The spans that do not lie in one of the others, which are sorted."""
    starts = [span.start for span in covered]
    left = []
    for span in spans:
        at = bisect_right(starts, span.start) - 1
        if at < 0 or covered[at].end < span.end:
            left.append(span)
    return left
