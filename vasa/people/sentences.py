"""Sentences to say: our own, and more from a small grammar whose words cover the sounds evenly."""

from __future__ import annotations

import numpy as np


def _words(text: str) -> list[str]:
    """Words or phrases between bars or line ends."""
    return [word for word in text.replace("\n", "|").split("|") if word]


_NAMES = _words("""
Bob|Pam|Maggie|Philip|Vivian|Thomas|Sophie|Ruth|Joyce|Giles|Charlotte|Hugh|Wendy|Yusuf|Zoe|Michael|Beth|Ambrose
Phoebe|Paul|Emma|Barbara|Matthew|Priya|Omar|Bruno|Mabel|Oscar|Judith
""")
_PEOPLE = _words("""
my mother|the baker|a young farmer|the old captain|our neighbour|this boy|the judge|a brave woman|the bishop
every visitor|the poet|a famous painter|the teacher|your uncle|the whole family|nobody|the shopkeeper
a thoughtful child|the carpenter|each member|some people|the woman above us|the blind piper|a French chef|the queen
both twins|the mayor
""")
_VERBS = _words("""
bought|moved|pushed|watched|found|remembered|carried|painted|dropped|borrowed|swept|fixed|chose|noticed|kept|admired
threw|opened|measured|brought|imagined|washed|lifted|believed in|laughed about|waved at|pulled|forgot|mapped
improved|joined|grabbed|polished|boiled|answered|wrapped|paid for|jumped over|spoke of|buried|loved|enjoyed|missed
""")
_QUALITIES = _words("""
big|pale|thick|smooth|purple|bright|empty|shabby|wooden|yellow|warm|foggy|huge|cheap|rough|quiet|brown|lovely|famous
pure|amber|precious|muddy|heavy|narrow|beige|royal|simple|steep|good|ripe|damp|beautiful|few|early|awful|shallow
fresh|hopeful|vivid|bumpy|orange|usual|large|thin|smart
""")
_THINGS = _words("""
boats|apples|maps|books|bridges|puppies|lamps|mushrooms|feathers|papers|songs|beaches|cups of tea|pebbles|shoes
watches|violins|oysters|coins|clouds|mirrors|thimbles|robes|rooms|bees|plums|chairs|barns|jumpers|oranges
photographs|vegetables|treasures|pictures|pipes|umbrellas|houses|caves|towels|problems|poems|garages|baths|teeth
mountains|numbers|buttons|moths|gloves|wool blankets|fish|bells|drums|wigs|goods
""")
_PLACES = _words("""
in the park|before breakfast|above the harbour|by the pub|at home|in a museum|from Paris to Rome|on Thursday
near the shop|under a full moon|for five pounds|behind the church|at the beach|with both thumbs
in the whole of Europe|after the storm|on top of the map|without any hope|by half past seven|in February
all day long|beyond the valley|in the bathroom|off the boat|with a broom|beside the river|every now and then
""")
_OPENINGS = _words("""
Well,|Maybe|In my opinion,|You know,|Of course|Oh,|By the way,|Yes,|No,|Perhaps|Back then,|I believe|We hope
They say|Before long,|Sometimes|Above all,|Hmm,|People say
""")
_SHORT = _words("""
hello|yes|no|maybe|thank you|good morning|goodbye|please|why not|of course|me too|how about you|never mind|come back
bye bye|what a view|oh my|just a moment|let me think|open up|wow|see you above|happy birthday|pop up|move over
""")
_NUMBERS = _words("""
zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fifteen|twenty|forty|fifty|sixty
hundred|thousand|million|half
""")
_ONSETS = _words("b|p|m|f|v|w|d|t|n|s|z|sh|ch|j|k|g|l|r|y|h|th|bl|pr|sm|fl|tw|br|pl|sp|qu|gr|st")
_RHYMES = _words("ah|ee|oo|oh|ay|eye|ow|oy|am|eem|ub|ipe|ove|ash|oom|ub|eff|awm|ip|obe|ape|um|ick|edge|ang")
_OWN: tuple[str, ...] = (
    "The beige hue on the waters of the loch impressed all, including the French queen.",
    "Bob may buy a bumpy map, but Pam will probably prefer my maple lamp.",
    "Five brave visitors have found the very first vivid fern above the valley.",
    "We wonder why the wise woman would walk away with one white whale.",
    "She should choose fresh cheese; the usual measure is a huge pleasure.",
    "Joyce and Roy enjoyed the noise of boiling oil and joined the royal boys.",
    "How now, brown cow, the proud owls howl around our house in the town.",
    "Peter picked a peck of pepper, and the big baboon bit my bubble bath.",
    "Those three brothers thought that their mother's cloth was worth nothing.",
    "Good books look as if a cook took them and put them in a wooden nook.",
    "Mum, please mop up the warm jam before my puppy jumps upon the lamb.",
    "The rain in Spain stays mainly in the plain, they say in May.",
    "A loyal warrior will rarely worry why we rule.",
    "Hold your breath, open your mouth, close your lips, and hum.",
    "The quick brown fox jumps over the lazy dog.",
    "Few new tunes suit you, said Hugh, humming in the music room.",
    "Our hour is over; the flowers and the showers are ours.",
    "Amber bumblebees hover above the mossy moor every summer morning.",
    "Please call Stella and ask her to bring these things with her from the store.",
    "It was a bright cold day, and the clocks were striking nine.",
)
_OTHER_LANGUAGES: dict[str, tuple[str, ...]] = {
    "de": (
        "Guten Morgen, wie geht es Ihnen heute?", "Am blauen Himmel schweben weiße Wolken über dem Baum.",
        "Meine Mutter möchte fünf frische Brötchen vom Bäcker.", "Wir wohnen in einem großen Haus am Fluss.",
        "Opa bemalt die Pappbox mit bunten Farben.", "Vielleicht bleibt Paul bis Freitag bei uns.",
    ),
    "fr": (
        "Bonjour, comment allez-vous ce matin?", "Ma maman a mis du beurre sur le pain blanc.",
        "Nous partons peut-être en bateau vendredi.", "Un bon vin blanc et un peu de fromage, merci beaucoup.",
        "Le petit chat boit de l'eau fraîche.", "Je veux visiter le vieux port avec vous.",
    ),
    "es": (
        "Buenos días, mi amigo, pasa por favor.", "Mi abuela prepara una sopa muy buena.",
        "El bombero vive en un pueblo pequeño.", "Vamos a comprar pan y manzanas para mamá.",
        "La lluvia en Sevilla es una maravilla.", "Me gusta hablar de libros y de música.",
    ),
    "it": (
        "Buongiorno, come sta la famiglia?", "La mamma prepara il pranzo per il bambino.",
        "Abbiamo bevuto un buon vino a Napoli.", "Il fiume passa sopra un ponte bellissimo.",
        "Vorrei prenotare una camera per domani.", "Che bella giornata, andiamo al mare!",
    ),
}  # fmt: skip


def sentence(rng: np.random.Generator, *, language: str = "en") -> str:
    """A sentence to say in this language ("en-us" counts as "en"); English ones are endless."""
    family = language.split("-")[0]
    if family != "en":
        known = _OTHER_LANGUAGES.get(family)
        if known is None:
            raise ValueError(f"There are no sentences in {language!r}; there are en, {', '.join(_OTHER_LANGUAGES)}.")
        return " ".join(_pick(rng, known) for _ in range(int(rng.integers(1, 3))))
    kinds = (_statement, _statement, _statement, _own, _list, _syllables, _question)
    return kinds[int(rng.integers(len(kinds)))](rng)


def _pick(rng: np.random.Generator, words: tuple[str, ...] | list[str]) -> str:
    return words[int(rng.integers(len(words)))]


def _clause(rng: np.random.Generator) -> str:
    who = _pick(rng, _PEOPLE) if rng.random() < 0.6 else _pick(rng, _NAMES)
    much = _pick(rng, ("the", "my", "some", "both", "many", "all these", "your", "no", "five", "those"))
    return f"{who} {_pick(rng, _VERBS)} {much} {_pick(rng, _QUALITIES)} {_pick(rng, _THINGS)} {_pick(rng, _PLACES)}"


def _statement(rng: np.random.Generator) -> str:
    opening = f"{_pick(rng, _OPENINGS)} " if rng.random() < 0.35 else ""
    second = f"{_pick(rng, (', and', ', but', '; so', ' because'))} {_clause(rng)}" if rng.random() < 0.4 else ""
    return f"{opening}{_clause(rng)}{second}."


def _question(rng: np.random.Generator) -> str:
    asked = _pick(rng, ("Why do you think", "Who believes", "Did they say", "How could it be", "Would you believe"))
    return f"{asked} {_clause(rng)}?"


def _own(rng: np.random.Generator) -> str:
    return _pick(rng, _OWN) if rng.random() < 0.6 else f"{_pick(rng, _SHORT)}. {_pick(rng, _OWN)}"


def _list(rng: np.random.Generator) -> str:
    words = (_NUMBERS, _SHORT, _QUALITIES, _THINGS)[int(rng.integers(4))]
    return ", ".join(_pick(rng, words) for _ in range(int(rng.integers(3, 7)))) + "."


def _syllables(rng: np.random.Generator) -> str:
    """Words that do not exist, so that a sound is known by itself and not by its word."""
    words = [[_pick(rng, _ONSETS) + _pick(rng, _RHYMES) for _ in range(int(rng.integers(1, 3)))] for _ in range(5)]
    return " ".join("".join(word) for word in words) + "."
