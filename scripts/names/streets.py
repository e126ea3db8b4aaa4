"""Seeded draws of street addresses and postcodes, each country in its own order."""

from __future__ import annotations

import re

from draw import Names, Piece

_SPANISH = frozenset(("Calle", "Plaza", "Avenida", "Av", "Paseo", "Camino", "Rua", "R\u00faa"))


class Addresses(Names):
    """Draws streets with numbers, postcodes, and whole addresses of several parts."""

    def _street(self, lang: str) -> str:
        rng = self._random
        number = str(rng.choice((rng.randint(1, 60), rng.randint(1, 400), rng.randint(100, 9999))))
        small = str(rng.randint(1, 180)) + rng.choice(("", "", "", "", "a", "b", " c"))
        if rng.random() < 0.03:
            return self._street_north(number, small)
        if rng.random() < 0.05:
            number = small = ""
        style = getattr(self, f"_street_{lang}")
        return " ".join(style(number, small).split()).strip(" ,/")

    def _street_en(self, number: str, small: str) -> str:
        rng = self._random
        stem = rng.choice(
            (
                self._pick("stem"),
                self._last("en").split()[-1],
                self._first("en"),
                f"{self._pick('stem')} {self._pick('stem')}",
                f"{self._first('en')} {self._last('en')}",
            )
        )
        street = (
            f"{rng.choice(('', '', '', 'N. ', 'East ', 'SW ', 'West '))}{stem} {self._pick('kind')}"
        )
        unit = rng.choice(
            (
                "",
                "",
                "",
                "",
                f" Apt {rng.randint(1, 40)}",
                f", Apt. {rng.randint(1, 900)}",
                f" Suite {rng.randint(100, 999)}",
                f" #{rng.randint(1, 99)}",
                f", Unit {rng.randint(1, 30)}",
                f", Flat {rng.randint(1, 30)}",
            )
        )
        dice = rng.random()
        if dice < 0.04:
            return f"P.O. Box {number}" if dice < 0.02 else f"PO Box {number}"
        if dice < 0.08:
            return f"Flat {rng.randint(1, 40)}, {small} {street}"
        if dice < 0.11:
            return f"{rng.randint(1, 20)}/{small} {street}"
        return f"{rng.choice((number, number, small))} {street}{unit}"

    def _street_de(self, number: str, small: str) -> str:
        rng = self._random
        name = self._pick("de_street")
        honour = rng.choice(("Straße", "Weg", "Platz", "Allee", "Str."))
        where = rng.choice(("Am", "Im", "An der", "Auf dem", "Unter den", "Zum"))
        kind = rng.choice(
            (
                "straße",
                "straße",
                "str.",
                "strasse",
                "weg",
                "gasse",
                "allee",
                "platz",
                "ring",
                "damm",
                "ufer",
            )
        )
        form = rng.choice(
            (
                f"{name}{kind}",
                f"{name}{kind}",
                self._listed("de", "streets"),
                self._listed("de", "streets"),
                f"{self._first('de')}-{self._last('de').split()[-1]}-{honour}",
                f"{where} {name}{rng.choice(('tor', 'hof', 'graben', 'bach', 'feld', 'berg'))}",
                f"{self._city('de')}er Straße",
                f"{self._last('de').split()[-1]}{kind}",
            )
        )
        return f"{form} {small}"

    def _street_fr(self, number: str, small: str) -> str:
        rng = self._random
        kind = rng.choice(
            (
                "rue",
                "rue",
                "rue",
                "Rue",
                "avenue",
                "boulevard",
                "place",
                "chemin",
                "allée",
                "impasse",
                "quai",
                "bd",
                "av.",
            )
        )
        name = rng.choice(
            (
                self._pick("fr_street"),
                self._french(self._listed("fr", "streets")),
                self._french(self._listed("fr", "streets")),
                f"{self._first('fr')} {self._last('fr')}",
            )
        )
        return f"{small.strip()}{rng.choice(('', '', '', ' bis', ' ter', ','))} {kind} {name}"

    def _french(self, name: str) -> str:
        """The list has capitals throughout: `Des Ruchers`, `De L Ecole`."""
        name = re.sub(r"^(De L|D) (?=[AEIOUÉÈH])", lambda hit: hit[1].lower() + "'", name)
        return re.sub(r"^(Des|Du|De La|De)\b", lambda hit: hit[1].lower(), name)

    def _street_es(self, number: str, small: str) -> str:
        rng = self._random
        kind = rng.choice(
            (
                "Calle",
                "Calle",
                "calle",
                "C/",
                "Avenida",
                "Avda.",
                "Plaza",
                "Paseo",
                "Camino",
                "Carrer",
            )
        )
        name = rng.choice(
            (
                self._pick("es_street"),
                self._listed("es", "streets"),
                self._listed("es", "streets"),
                f"{self._first('es')} {self._last('es')}",
            )
        )
        if name.split()[0] in _SPANISH:  # the list has some with their kind
            kind, name = name.split(" ", 1)
        floor = rng.choice(
            (
                "",
                "",
                "",
                f", {rng.randint(1, 9)}º {rng.choice('ABCD')}",
                f", piso {rng.randint(1, 9)}",
            )
        )
        return f"{kind} {name}{rng.choice((', ', ' ', ' nº '))}{small.strip()}{floor}"

    def _street_it(self, number: str, small: str) -> str:
        kind = self._random.choice(
            ("Via", "Via", "via", "Viale", "Piazza", "Corso", "Largo", "Vicolo", "P.zza")
        )
        name = self._random.choice(
            (
                self._pick("it_street"),
                self._listed("it", "streets"),
                f"{self._first('it')} {self._last('it')}",
            )
        )
        return f"{kind} {name}{self._random.choice((', ', ' ', ' n. '))}{small.strip()}"

    def _street_nl(self, number: str, small: str) -> str:
        kind = self._random.choice(
            ("straat", "straat", "laan", "weg", "plein", "gracht", "kade", "singel", "dijk", "hof")
        )
        base = self._random.choice((self._pick("nl_street"), self._last("nl").split()[-1]))
        if self._random.random() < 0.5:
            base, kind = self._listed("nl", "streets"), ""
        return f"{base}{kind} {small}{self._random.choice(('', '', '-2', ' hs', '-III', ' bus 4'))}"

    def _street_pt(self, number: str, small: str) -> str:
        rng = self._random
        kind = rng.choice(
            ("Rua", "Rua", "rua", "R.", "Avenida", "Av.", "Praça", "Travessa", "Largo", "Estrada")
        )
        floor = rng.choice(
            (
                "",
                "",
                "",
                f", {rng.randint(1, 9)}.º {rng.choice(('Esq', 'Dto', 'A'))}",
                f", apto {rng.randint(1, 120)}",
            )
        )
        name = rng.choice(
            (
                self._pick("pt_street"),
                self._listed("pt", "streets"),
                f"{self._first('pt')} {self._last('pt')}",
            )
        )
        if name.startswith(("Rua ", "Avenida ", "Travessa ", "Largo ")):
            kind, name = name.split(" ", 1)
        return f"{kind} {name}{rng.choice((', ', ' ', ', n.º '))}{small.strip()}{floor}"

    def _street_pl(self, number: str, small: str) -> str:
        kind = self._random.choice(("ul. ", "ul. ", "al. ", "pl. ", "os. ", "ulica ", ""))
        flat = self._random.choice(("", "", "/4", "/12", " m. 3"))
        name = self._random.choice((self._pick("pl_street"), self._listed("pl", "streets")))
        return f"{kind}{name} {small.strip()}{flat}"

    def _street_north(self, number: str, small: str) -> str:
        name = self._pick("nordic_street")
        kind = self._random.choice(("gatan", "vägen", "gata", "veien", "gate", "vej", "gade"))
        return f"{name}{kind} {small.strip()}"

    def _postcode(self, lang: str) -> str:
        rng = self._random
        digits = "".join(rng.choices("0123456789", k=9))
        letters = "".join(rng.choices("ABDEFGHJLNPQRSTUWXYZ", k=6))
        british = f"{letters[0]}{rng.choice(('', letters[1]))}{digits[0]} {digits[1]}{letters[2:4]}"
        canadian = f"{letters[0]}{digits[0]}{letters[1]} {digits[1]}{letters[2]}{digits[2]}"
        return {
            "en": rng.choice(
                (
                    digits[:5],
                    digits[:5],
                    digits[:5],
                    f"{digits[:5]}-{digits[5:]}",
                    british,
                    british,
                    canadian,
                    digits[:4],
                )
            ),
            "de": rng.choice((digits[:5], digits[:5], f"D-{digits[:5]}", digits[:4])),
            "fr": digits[:5],
            "es": digits[:5],
            "it": digits[:5],
            "nl": f"{digits[:4]}{rng.choice((' ', ' ', ''))}{letters[:2]}",
            "pt": rng.choice((f"{digits[:4]}-{digits[4:7]}", f"{digits[:5]}-{digits[5:8]}")),
            "pl": f"{digits[:2]}-{digits[2:5]}",
        }[lang]

    def _whole(self, lang: str) -> list[Piece]:
        rng = self._random
        street, code = (self._street(lang), "ADDRESS"), (self._postcode(lang), "ADDRESS")
        city, comma = (
            (self._city(lang), "LOCATION"),
            (rng.choice((", ", ", ", ", ", "\n", " - ")), ""),
        )
        if lang == "en":
            region = (self._region(lang), "LOCATION")
            parts: list[Piece] = [street, comma, city, (", ", ""), region, (" ", ""), code]
            if rng.random() < 0.25:
                parts = [street, comma, city, (rng.choice((" ", ", ")), ""), code]
        else:
            parts = [street, comma, code, (" ", ""), city]
        if rng.random() < 0.2:
            parts = [*parts, (", ", ""), (self._country(lang), "LOCATION")]
        return parts
