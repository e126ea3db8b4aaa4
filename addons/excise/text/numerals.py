"""Number words of English, German, French, Spanish, Italian, Portuguese, Dutch and Polish → digits.

Words are looked up without accents and in lower case, in all languages at once: who reads a card
number out does not say in which. Where a word means two things (`um` is one in Portuguese, a
pause in English) the words around it decide.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from enum import IntEnum
from types import MappingProxyType
from typing import Final, NamedTuple


class Sort(IntEnum):
    """What a word does to a number."""

    UNIT = 0  # 0 to 9
    TEEN = 1  # 10 to 19
    TEN = 2  # 20, 30 … 90: a unit may follow
    WHOLE = 3  # 21 to 99 in one word
    HUNDREDS = 4  # 200 … 900, or more up to 999, in one word
    HUNDRED = 5
    SCALE = 6  # 1000 and above
    REPEAT = 7  # `double`, `triple`
    DIGITS = 8  # written in digits already
    JOIN = 9  # `and`


class Meaning(NamedTuple):
    """A word as looked up."""

    text: str  # as `plain` spells it; digits as they are
    sort: Sort
    value: int


class Word(NamedTuple):
    """One word or run of digits, and where it stands. Offsets in characters."""

    text: str
    sort: Sort
    value: int
    start: int
    end: int


class Number(NamedTuple):
    """The digits that some words stand for. Offsets in characters."""

    start: int
    end: int
    digits: str


_UNITS: Final = (
    "zero one two three four five six seven eight nine",
    "null eins zwei drei vier fünf sechs sieben acht neun",
    "zéro un deux trois quatre cinq six sept huit neuf",
    "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "zero uno due tre quattro cinque sei sette otto nove",
    "zero um dois três quatro cinco seis sete oito nove",
    "nul een twee drie vier vijf zes zeven acht negen",
    "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć",
    "oh ein zwo - - - - - - niner",
    "nought eine duas drey fower fife meia - - -",
    "naught una dwie - - - - - - -",
    "nil une - - - - - - - -",
    "nula uma - - - - - - - -",
    "zerro jedna - - - - - - - -",
)
_TEENS: Final = (
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
    "zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn",
    "dix onze douze treize quatorze quinze seize dixsept dixhuit dixneuf",
    "diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve",
    "dieci undici dodici tredici quattordici quindici sedici diciassette diciotto diciannove",
    "dez - - treze catorze - dezesseis dezessete dezoito dezenove",
    "tien - twaalf dertien veertien vijftien zestien zeventien achttien negentien",
    "dziesięć jedenaście dwanaście trzynaście czternaście piętnaście szesnaście siedemnaście "
    "osiemnaście dziewiętnaście",
    "- - - - - - dezasseis dezassete - dezanove",
)
_TENS: Final = (
    "twenty thirty forty fifty sixty seventy eighty ninety",
    "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    "vingt trente quarante cinquante soixante septante huitante nonante",
    "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    "venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
    "vinte trinta quarenta cinquenta sessenta - oitenta -",
    "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
    "dwadzieścia trzydzieści czterdzieści pięćdziesiąt sześćdziesiąt siedemdziesiąt "
    "osiemdziesiąt dziewięćdziesiąt",
    "vingts - fourty - - - octante -",
)
_HUNDREDS: Final = (
    "doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos "
    "novecientos",
    "duzentos trezentos quatrocentos quinhentos seiscentos setecentos oitocentos novecentos",
    "doscientas trescientas cuatrocientas quinientas seiscientas setecientas ochocientas "
    "novecientas",
    "duzentas trezentas quatrocentas quinhentas seiscentas setecentas oitocentas novecentas",
    "dwieście trzysta czterysta pięćset sześćset siedemset osiemset dziewięćset",
)
_HUNDRED: Final = "hundred hundreds hundert einhundert cent cents cien ciento cem cento honderd sto"
_SCALES: Final = {
    1_000: "thousand thousands tausend eintausend mille mila mil duizend tysiąc tysiące tysięcy",
    1_000_000: "million millions millionen millón millones milione milioni milhão milhões miljoen "
    "milion miliony milionów",
    # `billion` and `trillion` by themselves mean two things.
    1_000_000_000: "milliard milliards milliarde milliarden miliardo miliardi miljard miliard "
    "bilhão bilhões",
    1_000_000_000_000: "billón billones bilione bilioni trilhão trilhões biljoen bilion biliony",
}
_REPEATS: Final = {
    2: "double doppel doppelt doble doppio dubbel duplo podwójne podwójna twice",
    3: "triple treble dreifach triplo drievoudig potrójne",
    4: "quadruple",
}
_JOINS: Final = "and und et y e en i con com"
# How many hundreds may be counted: `twelve hundred`, `deux cents`; `sto` counts none.
_COUNTED: Final = {
    "hundred": range(1, 100),
    "hundreds": range(1, 100),
    "hundert": range(1, 100),
    "honderd": range(1, 100),
    "cent": range(2, 10),
    "cents": range(2, 10),
}
_LATIN: Final = (
    ("uno due tre quattro cinque sei sette otto nove", _TENS[4]),
    ("uno dos tres cuatro cinco seis siete ocho nueve", "veinti"),
)


def plain(word: str) -> str:
    """A word in lower case without accents, as `WORDS` spells it."""
    low = word.lower()
    if low.isascii():
        return low
    bare = unicodedata.normalize("NFD", low.replace("ß", "ss"))
    return "".join(char for char in bare if not unicodedata.combining(char))


def _table() -> Iterator[tuple[str, Sort, int]]:
    for sort, first, step, rows in (
        (Sort.UNIT, 0, 1, _UNITS),
        (Sort.TEEN, 10, 1, _TEENS),
        (Sort.TEN, 20, 10, _TENS),
        (Sort.HUNDREDS, 200, 100, _HUNDREDS),
    ):
        for row in rows:
            for index, word in enumerate(row.split()):
                yield word, sort, first + step * index
    yield from ((word, Sort.HUNDRED, 100) for word in _HUNDRED.split())
    yield from ((word, Sort.JOIN, 0) for word in _JOINS.split())
    for sort, table in ((Sort.SCALE, _SCALES), (Sort.REPEAT, _REPEATS)):
        for value, words in table.items():
            yield from ((word, sort, value) for word in words.split())


def _joined() -> Iterator[tuple[str, int]]:
    """Numbers below 1000 that are one word: German, Dutch, Italian, Spanish."""
    german = ["", "ein", *_UNITS[1].split()[2:]]
    for unit, join, tens in ((german, "und", _TENS[1]), (_UNITS[6].split(), "en", _TENS[6])):
        for value, ten in enumerate(tens.split(), start=2):
            yield from ((unit[n] + join + ten, 10 * value + n) for n in range(1, 10))
    for units, tens in _LATIN:
        for value, ten in enumerate(tens.split(), start=2):
            for n, digit in enumerate(units.split(), start=1):
                elided = ten[:-1] if tens is _TENS[4] and digit[0] in "uo" else ten
                yield elided + digit, 10 * value + n
    yield from (("veintiun", 21), ("ventun", 21), ("vinteum", 21))


def _words() -> dict[str, tuple[Sort, int]]:
    words: dict[str, tuple[Sort, int]] = {}
    for word, sort, value in _table():
        if word != "-":
            words.setdefault(plain(word), (sort, value))
    words.update({plain(word): (Sort.WHOLE, value) for word, value in _joined()})
    return words


def _rests() -> dict[str, int]:
    """What may stand behind a hundred in one word with it, in any of the languages that do so."""
    rests = {plain(word): value for word, value in _joined()}
    for row in (1, 4, 6):
        for index, table in ((0, _UNITS), (10, _TEENS)):
            rests |= {plain(w): n for n, w in enumerate(table[row].split(), index) if w != "-"}
        rests |= {plain(w): 10 * n for n, w in enumerate(_TENS[row].split(), 2) if w != "-"}
    return {word: value for word, value in rests.items() if value}


def _heads(units: str) -> dict[str, int]:
    """What may stand in front of a hundred in one word with it; one hundred may go without."""
    known = enumerate(units.split()[1:], start=1)
    return {"": 1, **{"ein" if unit == "eins" else plain(unit): n for n, unit in known}}


WORDS: Final = MappingProxyType(_words())
_RESTS: Final = MappingProxyType(_rests())
_HEADS: Final = (
    ("hundert", _heads(_UNITS[1])),
    ("honderd", _heads(_UNITS[6])),
    ("cento", _heads(_UNITS[4])),
)
_LONGEST: Final = 72  # characters of a word worth a look
_ONE_WORD: Final = ("tausend", "duizend", "mila", "mille")
_BY_HUNDREDS: Final = (("hundert", "und"), ("honderd", "en"))  # 1100 to 9999 in one word
_DOZENS: Final = range(11, 100)


def look_up(text: str) -> Meaning | None:
    """What a word does to a number; digits mean themselves, any other word nothing."""
    if len(text) > _LONGEST:
        return None
    if text[0] in "0123456789":
        return Meaning(text, Sort.DIGITS, 0) if text.isascii() else None
    word = plain(text)
    known = _known(word)
    if known is not None:
        return Meaning(word, *known)
    if "fuenf" in word or "zwoelf" in word:
        return look_up(word.replace("fuenf", "funf").replace("zwoelf", "zwolf"))
    for thousand in _ONE_WORD:
        head, found, tail = word.partition(thousand)
        if found:
            above, below = _below_thousand(head or "ein"), _below_thousand(tail.removeprefix("und"))
            if above is not None and below is not None:
                return Meaning(word, Sort.WHOLE, 1000 * above + below)
    for hundred, join in _BY_HUNDREDS:
        head, found, tail = word.partition(hundred)
        if found and head:
            above, below = _below_thousand(head), _below_thousand(tail.removeprefix(join))
            if above is not None and below is not None and below < 100 and above in _DOZENS:
                return Meaning(word, Sort.WHOLE, 100 * above + below)
    return None


def _known(word: str) -> tuple[Sort, int] | None:
    """A word of the table, or hundreds with what is joined to them: thousands of words that are
    not worth their room."""
    known = WORDS.get(word)
    if known is not None:
        return known
    for hundred, heads in _HEADS:
        if hundred not in word:
            continue
        head, _, tail = word.partition(hundred)
        count = heads.get(head)
        if count is None:
            continue
        if not tail and count > 1:
            return Sort.HUNDREDS, 100 * count
        for join in ("", "und", "en"):
            rest = _RESTS.get(tail.removeprefix(join)) if tail.startswith(join) else None
            if rest is not None:
                return Sort.HUNDREDS, 100 * count + rest
    return None


def _is_thousands(word: Word) -> bool:
    return word.value >= 1000 and not word.value % 1000


def _below_thousand(word: str) -> int | None:
    if not word:
        return 0
    sort, value = _known(word) or (Sort.JOIN, 0)
    return value if sort <= Sort.HUNDRED else None


def read_numbers(words: Sequence[Word]) -> list[Number]:
    """Words that stand next to each other, as the numbers they spell, each with its digits.

    `four one one one` is four numbers, `forty-one eleven` two, `four hundred eleven` one.
    """
    numbers: list[Number] = []
    at = 0
    while at < len(words):
        reader = _Reader(words, at)
        digits = reader.read()
        if digits:
            numbers.append(Number(words[at].start, words[reader.at - 1].end, digits))
        at = max(reader.at, at + 1)
    return numbers


class _Reader:
    """Reads one number from the word at `at` on; afterwards `at` is behind it."""

    def __init__(self, words: Sequence[Word], at: int) -> None:
        self._words = words
        self.at = at

    def read(self) -> str:
        first = self._words[self.at]
        if first.sort is Sort.JOIN:
            return ""
        if first.sort is Sort.DIGITS:
            self.at += 1
            return first.text
        if first.sort is Sort.REPEAT:
            return self._repeated(first.value)
        value = self._thousands()
        return "" if value is None else str(value)

    def _peek(self, ahead: int = 0) -> Word | None:
        at = self.at + ahead
        return self._words[at] if at < len(self._words) else None

    def _follows(self, *sorts: Sort) -> Word | None:
        """The next word, if it is of such a sort; one joining word in front is passed over."""
        word, jumped = self._peek(), 0
        if word is not None and word.sort is Sort.JOIN:
            word, jumped = self._peek(1), 1
        if word is None or word.sort not in sorts:
            return None
        self.at += jumped
        return word

    def _repeated(self, times: int) -> str:
        word = self._peek(1)
        self.at += 1
        if word is None:
            return ""
        digit = str(word.value) if word.sort is Sort.UNIT else word.text
        if len(digit) != 1 or word.sort not in (Sort.UNIT, Sort.DIGITS):
            return ""
        self.at += 1
        return digit * times

    def _thousands(self) -> int | None:
        total: int | None = None
        scale = 10**15
        full, ceiling = 0, scale  # what counts millions and more, and the least of these scales
        while True:
            word = self._peek()
            if word is None:
                return total
            if word.sort is Sort.SCALE and total is None:
                part = 1
            elif word.sort is Sort.SCALE and scale == 1000 < word.value < ceiling:
                part = 0
            elif total is None or self._follows(
                Sort.UNIT, Sort.TEEN, Sort.TEN, Sort.WHOLE, Sort.HUNDREDS, Sort.HUNDRED
            ):
                before = self.at
                read = self._hundreds()
                if read is None:
                    return total
                after = self._peek()
                if scale > 1000 and _is_thousands(self._words[self.at - 1]):
                    total, scale = (total or 0) + read, 1000
                    continue
                if total is not None and (after is None or after.sort is not Sort.SCALE):
                    # Only what fills up the zeros: `four thousand one hundred`.
                    if read < scale:
                        return total + read
                    self.at = before
                    return total
                part = read
            else:
                return total
            after = self._peek()
            if after is None or after.sort is not Sort.SCALE:
                return part if total is None else total + part
            if scale == 1000 < after.value < ceiling:
                # `dos mil millones`: all that was counted below the last million
                part, total = (total or 0) - full + part, full
            elif after.value >= scale:
                return part if total is None else total + part
            scale = after.value
            total = (total or 0) + part * scale
            if scale > 1000:
                full, ceiling = total, scale
            self.at += 1

    def _hundreds(self) -> int | None:
        word = self._peek()
        if word is None:
            return None
        if word.sort is Sort.HUNDREDS:
            self.at += 1
            value = word.value
            return value if value % 100 else self._filled(value)
        if word.sort is Sort.HUNDRED:
            self.at += 1
            return self._filled(100)
        small = self._small()
        after = self._peek()
        if small and after is not None and small in _COUNTED.get(after.text, ()):
            self.at += 1
            return self._filled(small * 100)
        return small

    def _filled(self, value: int) -> int:
        """`four hundred` and what may follow below a hundred."""
        if self._follows(Sort.UNIT, Sort.TEEN, Sort.TEN, Sort.WHOLE):
            return value + (self._small() or 0)
        return value

    def _small(self) -> int | None:
        """A number below a hundred."""
        word = self._peek()
        if word is None or word.sort > Sort.WHOLE:
            return None
        self.at += 1
        if word.sort is Sort.UNIT:
            return self._from_unit(word)
        if word.sort is Sort.TEN:
            return self._from_ten(word.value, score=word.text == "soixante")
        if word.text == "dix":
            after = self._peek()
            if after is not None and after.text in ("sept", "huit", "neuf"):
                self.at += 1
                return 10 + after.value
        return word.value

    def _from_unit(self, word: Word) -> int:
        after, then = self._peek(), self._peek(1)
        if word.text == "quatre" and after is not None and after.text in ("vingt", "vingts"):
            self.at += 1
            return self._from_ten(80, score=True)
        if (
            word.value
            and after is not None
            and after.text in ("und", "en")
            and then is not None
            and then.sort is Sort.TEN
        ):
            self.at += 2
            return then.value + word.value
        return word.value

    def _from_ten(self, value: int, *, score: bool) -> int:
        """`score`: counted by twenties, so that ten to nineteen may follow, too."""
        before = self.at
        after = self._follows(Sort.UNIT, Sort.TEEN) if score else self._follows(Sort.UNIT)
        if after is None or not after.value:
            self.at = before
            return value
        return value + (self._small() or 0)


_GERMANIC: Final = frozenset(plain(word) for row in (0, 1) for word in _UNITS[row].split()[1:])


def hesitates(words: Sequence[Word]) -> bool:
    """Whether `um` among these words is a pause, as in English, and not the Portuguese one."""
    return any(word.text in _GERMANIC for word in words)
