"""Texts with card and bank data as gateways, shops, banks and their customers write it, from a seed.

A slot stands for a value: `<N>` is a card number, `<N-4>` and its kin one in groups, `<C>` its
code, `<E>` its expiry, and so on: `_SLOTS` has them all. What stands for one is marked as a span;
`<L>`, an id that passes Luhn and begins as a card does, is not. The templates of `HELD_OUT` are
for measuring alone: no rule is made or altered after a look at what is missed there.
"""

# ruff: noqa: E501  (tables of texts)

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable
from typing import Final

from excise.rules.digits import IBAN_LENGTHS, aba_sum, iban_remainder, luhn_sum

Spans = list[tuple[int, int]]

# Prefixes and length, the share of each brand about as many times as it stands here.
_BRANDS: Final = (
    (("4",), 16), (("51", "52", "53", "54", "55"), 16), (("2221", "2720", "2500"), 16),
    (("34", "37"), 15), (("6011", "65", "644"), 16), (("300", "36", "38"), 14),
    (("3528", "3589"), 16), (("62",), 16), (("6759",), 16), (("4",), 13),
)  # fmt: skip
_MORE_BRANDS: Final = (
    *_BRANDS, (("4",), 16), (("51", "55"), 16), (("4",), 19), (("62",), 19), (("62",), 17),
    (("81",), 16), (("5018", "6304", "6761"), 12), (("5020", "6759"), 19), (("5038", "5893"), 18),
    (("2200", "2204"), 16), (("508", "6521", "8175"), 16), (("5067", "4576", "6363"), 16),
    (("606282",), 16), (("9792",), 16), (("506099", "650010"), 16), (("506150",), 19),
    (("5019",), 16), (("1",), 15), (("636",), 16),
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
    ("ticket", "Ticket #8841\nCustomer: Ana Pop\nIssue: charged twice on <N-4>, exp <E>\nPlease refund."),
    ("chat", "[10:02] agent: what is the number?\n[10:02] anna: <N>\n[10:03] agent: and the three digits on the back?\n[10:03] anna: <C>"),
    ("dump", "<N>|<E>|<C>\n<N>|<E>|<C>"),
    ("dump semicolon", "<N>;<EM>;<EY>;<C>;Anna Doe;Main St 4"),
    ("dump bare", "<N> <EM>/<EY> <C>"),
    ("csv export", "id,holder,pan,exp,cvv,amount\n1,Anna Doe,<N>,<E>,<C>,10.00\n2,Ben Roe,<N>,<E>,<C>,8.50"),
    ("json number", '{"card":{"number":<N>,"cvc":<C>,"exp_month":<EM>}}'),
    ("line break", "card no: <Nbr> thanks"),
    ("nbsp", "Karte: <Nnb>, gültig bis <E>"),
    ("dots", "cc <N.> cvv: <C>"),
    ("underscores", "card_<N_>"),
    ("slashes", "pan <N/>, <E>"),
    ("url", "https://pay.example.org/charge?pan=<N>&expiry=<EMY>&cvv=<C>"),
    ("track 1", "swipe data: %B<N>^DOE/ANNA^<EYM>1010000000000000? end"),
    ("emv", "TLV: 9F02060000000010005A<LEN5A><N5A>5F2403<EYM>31"),
    ("iso 8583", "MTI 0200\nDE 2: <N>\nDE 4: 000000001000\nDE 14: <EYM>\nDE 35: <N>=<EYM>2010000012345"),
    ("mt103", ":50K:/<I>\nANNA DOE\n:57A:<B>\n:59:/<I>\nBEN ROE"),
    ("pain", "<Cdtr><Nm>Ben</Nm></Cdtr><CdtrAcct><Id><IBAN><I></IBAN></Id></CdtrAcct><BIC><B></BIC>"),
    ("bank", "Routing number <A>, account number <AC>"),
    ("second mention", "I paid with <N>. Yes, <N-4>, code <C>. So <N> it is, and <C> on the back (cvv)."),
)  # fmt: skip
HELD_OUT: Final = (
    ("support mail", "Hi team,\n\nI was billed twice last week. My Mastercard is <N-4> (expires <E>, CVV <C>).\n\nBest,\nMaria"),
    ("receipt slip", "MERCHANT COPY\nCARD: <N>\nEXP: <E>\nAMOUNT: EUR 40.00\nAPPROVED"),
    ("stripe create", "stripe.PaymentMethod.create(type='card', card={'number': '<N>', 'exp_month': <EM>, 'exp_year': <EY4>, 'cvc': '<C>'})"),
    ("adyen", '{"paymentMethod":{"type":"scheme","number":"<N>","expiryMonth":"<EM>","expiryYear":"<EY4>","holderName":"A. Doe","cvc":"<C>"},"amount":{"value":1000}}'),
    ("braintree", 'gateway.transaction.sale({ amount: "10.00", creditCard: { number: "<N>", cvv: "<C>", expirationDate: "<E>" } })'),
    ("authorize net", "<payment><creditCard><cardNumber><N></cardNumber><expirationDate><EDASH></expirationDate><cardCode><C></cardCode></creditCard></payment>"),
    ("paypal nvp", "USER=api&PWD=x&METHOD=DoDirectPayment&ACCT=<N>&EXPDATE=<EMY4>&CVV2=<C>&FIRSTNAME=Anna"),
    ("worldpay", "<CARD-SSL><cardNumber><N></cardNumber><expiryDate><date month=\"<EM>\" year=\"<EY4>\"/></expiryDate><cvc><C></cvc></CARD-SSL>"),
    ("curl", "curl https://api.example.org/v1/tokens -d card[number]=<N> -d card[exp_month]=<EM> -d card[exp_year]=<EY4> -d card[cvc]=<C>"),
    ("python dict", "payload = {'cc_number': '<N>', 'cc_cvv': '<C>', 'cc_expiry': '<E>'}"),
    ("sql insert", "INSERT INTO cards (holder, pan, expiry, cvv) VALUES ('Anna Doe', '<N>', '<E>', '<C>');"),
    ("table", "| Name | Card number | Exp | CVV |\n|---|---|---|---|\n| Anna | <N> | <E> | <C> |"),
    ("tsv", "name\tcard\texp\tcvv\nAnna\t<N>\t<E>\t<C>"),
    ("key values", "Card Number : <N-4>\nName on Card : ANNA DOE\nExpiry Date : <E>\nCVV Code : <C>"),
    ("phone call", "Agent: Could you read me the long number on the front?\nCustomer: sure, it's <N-4>.\nAgent: and the expiry?\nCustomer: <E>\nAgent: security code?\nCustomer: <C>"),
    ("sms", "pls use my card <N> exp <EMY> cvc <C> thx"),
    ("amex words", "the four digit code on the front of my amex is <C>, number <N>"),
    ("hotel", "Guarantee: VI<N> EXP <EMY> guest Doe/Anna"),
    ("airline", "FP CC/<N>/<EMY>/A012345"),
    ("refund", "Refund 12,50 EUR to card <N--> please, it ends <E>"),
    ("debug log", "DEBUG c.e.pay.Client - Request{pan=<N>, expiryDate=<EYM>, cvv2=<C>, amount=100}"),
    ("query log", '10.0.0.1 "POST /pay?ccnum=<N>&ccexp=<EMY>&cvv=<C> HTTP/1.1" 200'),
    ("xml soap", "<ns1:Card><ns1:Number><N></ns1:Number><ns1:CV2><C></ns1:CV2></ns1:Card>"),
    ("form labels", "Card number\n<N-4>\nExpiry date\n<E>\nSecurity code\n<C>"),
    ("one line", "visa <N> <E> <C> anna doe"),
    ("comma dump", "<N>,<EM>,<EY4>,<C>,Anna,Doe,US"),
    ("slash dump", "<N>/<EM>/<EY>/<C>"),
    ("colon dump", "<N>:<EM>:<EY>:<C>"),
    ("six thirteen", "pan on file: <N6>"),
    ("mixed groups", "my card number is <Nmix>"),
    ("italian", "La mia carta di credito è <N-4>, scadenza <E>, codice di sicurezza <C>"),
    ("dutch", "Mijn creditcard is <N>, geldig tot <E>, beveiligingscode <C>"),
    ("polish", "Numer karty: <N-4>, ważna do <E>, kod CVV <C>"),
    ("portuguese", "O cartão é <N>, validade <E>, código de segurança <C>"),
    ("german mail", "Kartennummer: <N-4>\nGültig bis: <E>\nKartenprüfnummer: <C>"),
    ("french form", "Numéro de carte : <N-4>\nDate d'expiration : <E>\nCode de sécurité : <C>"),
    ("spanish mail", "Número de tarjeta: <N>, caduca <E>, CVV <C>"),
    ("track 2 log", "read: <N>=<EYM>20100000123400000"),
    ("track both", "%B<N>^ROE/BEN^<EYM>201000000000?;<N>=<EYM>201000000000?"),
    ("emv 57", "57 <LEN57> <N57>"),
    ("iso fields", '{"mti":"0100","f2":"<N>","f3":"000000","f14":"<EYM>","f52":"<PB>"}'),
    ("pin", "the PIN for my debit card is <P>"),
    ("ach", '{"routing_number":"<A>","account_number":"<AC>","account_holder_type":"individual"}'),
    ("wire", "Wire to ABA <A>, Acct # <AC>, beneficiary Ben Roe"),
    ("sepa", "IBAN: <I4>\nBIC: <B>"),
    ("iban lower", "my iban is <i>"),
    ("pain debtor", "<DbtrAcct><Id><IBAN><I></IBAN></Id></DbtrAcct><DbtrAgt><FinInstnId><BICFI><B></BICFI></FinInstnId></DbtrAgt>"),
    ("ending", "the card ending in <L4> was declined"),
    ("masked", "Payment method: Visa •••• <L4>"),
    ("dotted masked", "VISA ...<L4> exp <E>"),
)  # fmt: skip
SPOKEN: Final = (
    ("en", "My card number is <S>, thanks."),
    ("en", "agent: go ahead\ncaller: <S>\nagent: and the code on the back?\ncaller: <SC>"),
    ("en", "yeah so the visa is <S> and cvv <SC>"),
    ("de", "Meine Kartennummer lautet <S>, Prüfziffer <SC>."),
    ("fr", "Le numéro de ma carte est <S>, cryptogramme <SC>."),
    ("es", "El número de mi tarjeta es <S>, código de seguridad <SC>."),
    ("it", "Il numero della carta è <S>, codice di sicurezza <SC>."),
    ("pt", "O número do meu cartão é <S>, código de segurança <SC>."),
    ("nl", "Mijn kaartnummer is <S>, beveiligingscode <SC>."),
    ("pl", "Numer mojej karty to <S>, kod CVV <SC>."),
)
_SPOKEN_DIGITS: Final = {
    "en": "zero one two three four five six seven eight nine",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "it": "zero uno due tre quattro cinque sei sette otto nove",
    "pt": "zero um dois três quatro cinco seis sete oito nove",
    "nl": "nul een twee drie vier vijf zes zeven acht negen",
    "pl": "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć",
}
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
    ("payment intent", '{"id": "pi_<L>", "customer": "cus_<L>", "latest_charge": "ch_<L>"}'),
    ("token", "card token tok_<L> was saved for the customer"),
    ("vault token", '{"card_id": "<L>", "payment_method_id": "<L>"}'),
    ("uuid card", "card c0ffee00-1111-4222-8333-<L12> was blocked by the bank"),
    ("receipt", "Receipt no. <L>\nVISA approved\nTotal 12.00"),
    ("rrn", "visa sale approved, RRN <L12>, auth code 0<D5>"),
    ("phone", "call the card desk at +4<D11> or 004<D11>"),
    ("barcode", "barcode <L13> for the gift wrap"),
    ("isbn", "ISBN 978-4-<D4>-<D4>-7 about credit cards"),
    ("epoch", '{"ts": 17<D11>, "us": 17<D14>, "card": "queen of hearts"}'),
    ("amounts", "Invoice 2026: 4111 1000 2000 3000 4000 5000 units in four rows"),
    ("matrix", "4112 5320 6011 3400\n5500 4000 6200 1200\n3600 3800 3528 8100"),
    ("versions", "build 4.1.1.1 of 2026-03-01 10:00:00.123456789"),
    ("coordinates", "at 52.5200066 13.4049540 and 48.8566101 2.3522219 we take cards"),
    ("sim", "ICCID 8949<L15> in slot 2"),
    ("serial", "Graphics card serial number <L>, please replace"),
    ("library card", "the graphics card has 4096 1024 2048 8192 MB"),
    ("account masked", "customer number <L> wants a new card"),
    ("prose words", "One of the two options is to have three or four people, five at most, and six or seven tables of eight."),
    ("count", "one two three four five six seven eight nine ten, here I come"),
)  # fmt: skip
_COUNTRIES: Final = ("DE", "GB", "FR", "ES", "IT", "NL", "PL", "PT", "BE", "AT", "CH")


class _Card:
    """What belongs together in one text: number, code, expiry."""

    def __init__(self, dice: random.Random, *, more: bool = False, lang: str = "en") -> None:
        prefixes, length = dice.choice(_MORE_BRANDS if more else _BRANDS)
        self.dice, self.lang = dice, lang
        self.number = _number(dice, dice.choice(prefixes), length)
        self.code = _digits(dice, 4 if length == 15 else 3)
        self.month, self.year = f"{dice.randint(1, 12):02d}", str(dice.randint(26, 34))


def _hex_57(card: _Card) -> str:
    track = f"{card.number}D{card.year}{card.month}2010000{_digits(card.dice, 6)}"
    return track + "F" * (len(track) % 2)


def _spoken(card: _Card, digits: str) -> str:
    words = [_SPOKEN_DIGITS[card.lang].split()[int(digit)] for digit in digits]
    style = card.dice.randrange(4)
    if style == 0:
        return " ".join(words)
    if style == 1:
        return "-".join(words)
    if style == 2:
        fours = [" ".join(words[at : at + 4]) for at in range(0, len(words), 4)]
        return ", ".join(fours)
    mixed = [word if card.dice.random() < 0.8 else digits[at] for at, word in enumerate(words)]
    return " ".join(mixed).capitalize()


def _grouped(number: str, separator: str) -> str:
    cuts = {15: (4, 10), 14: (4, 10)}.get(len(number), range(4, len(number), 4))
    edges = [0, *cuts, len(number)]
    return separator.join(number[a:b] for a, b in itertools.pairwise(edges))


def _mixed(card: _Card) -> str:
    return "".join(
        part + card.dice.choice(" -") for part in _grouped(card.number, " ").split()
    ).rstrip(" -")


def _iban(card: _Card) -> str:
    country = card.dice.choice(_COUNTRIES)
    body = _digits(card.dice, IBAN_LENGTHS[country] - 4)
    if country in ("GB", "NL"):
        body = _capitals(card.dice, 4) + body[4:]
    return f"{country}{98 - iban_remainder(f'{country}00{body}'):02d}{body}"


def _aba(card: _Card) -> str:
    body = card.dice.choice(("01", "02", "07", "11", "12", "26", "32")) + _digits(card.dice, 6)
    return body + str(-aba_sum(body + "0") % 10)


def _capitals(dice: random.Random, count: int) -> str:
    return "".join(dice.choice("ABCDEFGHKLMNPRSTUW") for _ in range(count))


def _fours(text: str) -> str:
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


_SLOTS: Final[dict[str, Callable[[_Card], str]]] = {
    "N": lambda card: card.number,
    "N-4": lambda card: _grouped(card.number, " "),
    "N--": lambda card: _grouped(card.number, "-"),
    "N.": lambda card: _grouped(card.number, "."),
    "N_": lambda card: _grouped(card.number, "_"),
    "N/": lambda card: _grouped(card.number, "/"),
    "Nnb": lambda card: _grouped(card.number, "\u00a0"),
    "Nbr": lambda card: _grouped(card.number, " ").replace(" ", "\n", 3).replace("\n", " ", 1),
    "N6": lambda card: f"{card.number[:6]} {card.number[6:]}",
    "Nmix": _mixed,
    "LEN5A": lambda card: f"{(len(card.number) + 1) // 2:02X}",
    "LEN57": lambda card: f"{(len(card.number) + 19) // 2:02X}",
    "N5A": lambda card: card.number + "F" * (len(card.number) % 2),
    "N57": _hex_57,
    "C": lambda card: card.code,
    "E": lambda card: f"{card.month}/{card.year}",
    "EM": lambda card: card.month,
    "EY": lambda card: card.year,
    "EY4": lambda card: "20" + card.year,
    "EMY": lambda card: card.month + card.year,
    "EMY4": lambda card: f"{card.month}20{card.year}",
    "EYM": lambda card: card.year + card.month,
    "EDASH": lambda card: f"20{card.year}-{card.month}",
    "I": _iban,
    "I4": lambda card: _fours(_iban(card)),
    "i": lambda card: _iban(card).lower(),
    "B": lambda card: _capitals(card.dice, 4) + card.dice.choice(_COUNTRIES) + _capitals(card.dice, 2),
    "A": _aba,
    "AC": lambda card: _digits(card.dice, card.dice.randint(9, 12)),
    "P": lambda card: _digits(card.dice, 4),
    "PB": lambda card: f"{card.dice.getrandbits(64):016X}",
    "L4": lambda card: card.number[-4:],
    "S": lambda card: _spoken(card, card.number),
    "SC": lambda card: _spoken(card, card.code),
}  # fmt: skip
_SLOT: Final = re.compile(
    f"<({'|'.join(map(re.escape, sorted(_SLOTS, key=len, reverse=True)))}|L(?:1[0-9])?|D[0-9]+)>"
)
# Marked apart: they harm only together with a number.
DATES: Final = frozenset({"E", "EM", "EY", "EY4", "EMY", "EMY4", "EYM", "EDASH"})


def fill_card(
    template: str, dice: random.Random, *, more: bool = False, lang: str = "en"
) -> tuple[str, Spans, Spans]:
    """The template with its slots filled, the spans of values, and the spans of dates."""
    card = _Card(dice, more=more, lang=lang)
    text, at = "", 0
    spans, dates = Spans(), Spans()
    for slot in _SLOT.finditer(template):
        text += template[at : slot.start()]
        at = slot.end()
        value = _fill_id(slot[1], dice) or _SLOTS[slot[1]](card)
        if not _is_id(slot[1]) and not slot[1].startswith("LEN"):
            (dates if slot[1] in DATES else spans).append((len(text), len(text) + len(value)))
        text += value
    return text + template[at:], spans, dates


def _is_id(kind: str) -> bool:
    return kind[0] == "D" or (kind[0] == "L" and kind != "L4" and not kind.startswith("LEN"))


def _fill_id(kind: str, dice: random.Random) -> str:
    if not _is_id(kind):
        return ""
    if kind[0] == "D":
        return _digits(dice, int(kind[1:]))
    if len(kind) > 1:
        return _number(dice, "4", int(kind[1:]))
    prefixes, length = dice.choice(_BRANDS[:8])
    return _number(dice, dice.choice(prefixes), length)


def _digits(dice: random.Random, count: int) -> str:
    return "".join(dice.choice("0123456789") for _ in range(count))


def _number(dice: random.Random, prefix: str, length: int) -> str:
    body = prefix + _digits(dice, length - len(prefix) - 1)
    return body + str(-luhn_sum(body + "0") % 10)


# Random digits as ids, with how they stand in a text; `{}` is the id.
RANDOM_IDS: Final = {
    "plain": "see {} for more",
    "json": '{{"id": {}, "state": "open"}}',
    "json text": '{{"ref":"{}","n":1}}',
    "log": "2026-03-01T10:00:00Z INFO worker handled {} in 12 ms",
    "card near": "the card of the customer is fine, ticket {} is closed",
    "csv": "17,{},4.5,open",
}


def random_ids(length: int, count: int, seed: int) -> list[str]:
    """Strings of so many random digits, the first not a zero."""
    dice = random.Random(seed)
    return [str(dice.randint(1, 9)) + _digits(dice, length - 1) for _ in range(count)]
