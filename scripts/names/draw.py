"""Seeded draws of persons, places and organisations, frequent and rare and made up."""

from __future__ import annotations

from pathlib import Path
from random import Random

from lexicon import read_gazetteer, read_lists, read_people, read_places, read_words

HERE = Path(__file__).parent
_COUNTRIES = {
    "en": ("US", "US", "US", "GB", "GB", "CA", "AU", "IE", "NZ", "IN", "NG", "XX"),
    "de": ("DE", "DE", "DE", "AT", "CH"),
    "fr": ("FR", "FR", "BE", "CH", "CA"),
    "es": ("ES", "ES", "MX", "AR"),
    "it": ("IT",),
    "nl": ("NL", "NL", "BE"),
    "pt": ("PT", "BR"),
    "pl": ("PL",),
}
_TITLES = {
    "en": ("Mr.", "Mrs.", "Ms.", "Dr.", "Mr", "Mrs", "Ms", "Prof.", "Miss", "Judge", "Captain"),
    "de": ("Herr", "Frau", "Dr.", "Prof. Dr.", "Herrn", "Dr. med."),
    "fr": ("M.", "Mme", "Dr", "Me", "Docteur", "Monsieur"),
    "es": ("Sr.", "Sra.", "Dr.", "Dra.", "Don"),
    "it": ("Sig.", "Sig.ra", "Dott.", "Avv.", "Dott.ssa"),
    "nl": ("dhr.", "mevr.", "dr.", "mr."),
    "pt": ("Sr.", "Sra.", "Dr.", "Dra.", "Dona"),
    "pl": ("Pan", "Pani", "dr", "prof."),
}
Piece = tuple[str, str]  # text, label or ""


class Names:
    """Draws names; the same seed gives the same ones."""

    def __init__(self, data: Path, seed: int) -> None:
        self._random = Random(seed)
        self._people = read_people()
        self._places = read_places()
        given = read_gazetteer(data / "gazetteer_given_names.txt.gz")
        self._given = [name for name in given if " " not in name]
        self._surnames = read_gazetteer(data / "gazetteer_surnames.txt.gz")
        self._words = read_words(HERE / "words.txt")
        self._lists = read_lists()

    def _pick(self, slot: str) -> str:
        return self._random.choice(self._words[slot])

    def _first(self, lang: str) -> str:
        rng = self._random
        dice = rng.random()
        if dice < 0.35:
            return rng.choice(self._people[lang][0])
        if dice < 0.70:
            return self._listed(lang, "given")
        if dice < 0.80:
            return rng.choice(self._lists["xx"]["given"])
        return rng.choice(self._given) if dice < 0.94 else self._invented()

    def _listed(self, lang: str, kind: str) -> str:
        """An entry of the lists; for English half of them by the census, frequent ones first."""
        rng = self._random
        if lang == "en" and kind in ("given", "surnames") and rng.random() < 0.6:
            names = self._lists["en-census"][kind]
            if kind == "surnames":
                return names[int(len(names) * rng.random() ** 2.5)]
            return rng.choice(names)
        return rng.choice(self._lists[lang][kind])

    def _last(self, lang: str) -> str:
        rng = self._random
        dice = rng.random()
        if dice < 0.25:
            name = rng.choice(self._people[lang][1])
        elif dice < 0.65:
            name = self._listed(lang, "surnames")
        elif dice < 0.75:
            name = rng.choice(self._lists["xx"]["surnames"])
        else:
            name = rng.choice(self._surnames) if dice < 0.93 else self._invented()
        if rng.random() < 0.05:
            name += "-" + rng.choice(self._people[lang][1])
        if lang in ("es", "pt") and rng.random() < 0.5:
            name += " " + self._listed(lang, "surnames")
        return name

    def _invented(self) -> str:
        parts = self._random.choices(self._words["syllable"], k=self._random.choice((1, 2, 2, 3)))
        return ("".join(parts) + self._pick("fall").strip("-")).capitalize()

    def _person(self, lang: str) -> list[Piece]:
        rng = self._random
        first, last = self._first(lang), self._last(lang)
        initial = rng.choice("ABCDEFGHJKLMNPRSTW")
        forms = (
            (62, f"{first} {last}"),
            (5, f"{first} {initial}. {last}"),
            (4, f"{first[0]}. {last}"),
            (3, f"{last}, {first}"),
            (4, f"{first} {self._first(lang)} {last}"),
            (3, first),
            (2, f"{first} {last.upper()}"),
            (2, f"{last} {first}"),
            (1, f"{first} {last} Jr."),
            (1, f"{first}-{self._first(lang)} {last}"),
            (1, f"{initial}.{rng.choice('ABCDEH')}. {last}"),
        )
        name = rng.choices([form for _, form in forms], [weight for weight, _ in forms])[0]
        if rng.random() < 0.06:
            return [(self._title(lang) + " ", ""), (name, "PERSON")]
        return [(name, "PERSON")]

    def _title(self, lang: str) -> str:
        return self._random.choice(_TITLES[lang])

    def _city(self, lang: str) -> str:
        rng = self._random
        dice = rng.random()
        if dice < 0.48:
            return rng.choice(self._places[rng.choice(_COUNTRIES[lang])][1])
        if dice < 0.72:
            return self._listed(lang, "cities")
        if dice < 0.76:
            return rng.choice(self._lists["xx"]["cities"])
        if dice < 0.84:
            return rng.choice(rng.choice(list(self._places.values()))[1])
        if dice < 0.96 and lang == "en":
            return self._made_up_town()
        return self._invented() + rng.choice(("", "", "berg", "ville", "a", "ow", "stad", "o"))

    def _made_up_town(self) -> str:
        rng = self._random
        name = rng.choice([self._first("en"), self._last("en")]).split()[-1].capitalize()
        before = rng.choice(
            ("New ", "North ", "South ", "East ", "West ", "Lake ", "Port ", "Fort ", "Mount ")
        )
        after = rng.choice(
            (
                "ville",
                "ton",
                "town",
                "ford",
                "field",
                "burgh",
                "mouth",
                "shire",
                "bury",
                "side",
                "chester",
                "view",
                "land",
                "borough",
                "port",
                "fort",
                "haven",
                "stad",
            )
        )
        dice = rng.random()
        if dice < 0.3:
            return before + name
        return (before if dice < 0.55 else "") + name.rstrip("'") + after

    def _region(self, lang: str) -> str:
        code = self._random.choice(_COUNTRIES[lang])
        if code == "US" and self._random.random() < 0.35:
            return self._pick("state")
        regions = self._places[code][2]
        return self._random.choice(regions or self._places["US"][2])

    def _country(self, lang: str) -> str:
        rng = self._random
        code = (
            rng.choice(_COUNTRIES[lang]) if rng.random() < 0.4 else rng.choice(list(self._places))
        )
        return rng.choice(self._places[code][0])

    def _demonym(self, lang: str) -> str:
        slot = f"{lang}_demonym"
        words = self._words[slot] if slot in self._words else self._lists[lang]["demonyms"]
        return self._random.choice(words)

    def _job(self, lang: str) -> str:
        if lang == "en" and self._random.random() < 0.5:
            return self._pick("en_job")
        job = self._random.choice(self._lists[lang]["jobs"])
        return job if lang == "de" else job.lower()

    def _group(self, lang: str) -> str:
        """A team or a band."""
        rng = self._random
        noun, city = self._pick("noun"), self._city(lang)
        return rng.choice(
            (
                f"{city} {self._pick('group')}",
                f"{rng.choice(('FC', 'SC', 'AC', 'Real', 'Sporting', 'Dynamo'))} {city}",
                f"{city} {noun}s",
                f"The {noun}s",
                f"The {noun} {self._pick('noun')}s",
                f"{noun} {self._pick('noun')}",
                self._invented(),
            )
        )

    def _work(self) -> str:
        """The title of a book, film or song: capitals that are no names."""
        rng = self._random
        noun, other = self._pick("noun"), self._pick("noun")
        return rng.choice(
            (
                f"The {noun}",
                f"The {noun} {other}",
                f"{noun} of the {other}",
                f"A {noun} in {other}",
                f"{noun} and {other}",
                f"My {noun}",
                f"{noun} {other}",
                f"{self._pick('heading')}",
            )
        )

    def _organisation(self, lang: str) -> str:
        rng = self._random
        last = self._last(lang).split()[-1].capitalize()
        ends = self._words[f"{lang}_legal"]
        return rng.choice(
            (
                f"{self._pick('mark')} {self._pick('trade')}",
                f"{self._pick('mark')} {rng.choice(ends)}",
                f"{last} {rng.choice(ends)}",
                f"{last} & {self._last(lang).split()[-1].capitalize()}",
                f"{last}-{self._last(lang).split()[-1].capitalize()}",
                f"{last} {self._pick('trade')}",
                f"{last}, {self._last('en')} and {self._last('en')}",
                f"{last} and Sons",
                f"{last} Group",
                f"{self._pick('mark')} {self._pick('trade')} {rng.choice(ends)}",
                f"University of {self._city(lang)}",
                f"{self._city(lang)} {self._pick('trade')}",
                f"{self._pick('mark')}{rng.choice(('soft', 'corp', 'tech', 'net'))}",
            )
        )
