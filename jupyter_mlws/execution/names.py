"""Names for jobs that were given none: `<adjective>_<noun>_<10 characters>`, as in Azure ML."""

from __future__ import annotations

import secrets

ADJECTIVES = (  # noqa: SIM905
    "amiable amber ashy bold brave bright calm careful clever cool cyan dapper dynamic eager elated"
    " epic frank frosty gentle gifted good great green happy heroic honest ivory jolly joyful keen"
    " khaki kind lemon lively loving lucid magenta maroon mighty modest neat nice nifty olive orange"
    " patient placid plucky polite plum purple quiet quirky red sharp shy silver sincere smart stoic"
    " sunny teal tender tidy upbeat wheat willing witty yellow zen"
).split()
NOUNS = (  # noqa: SIM905
    "airport ant apple arch avocado bag balloon basil bean bear bell berry bird book boot bread bridge"
    " brush camel cactus carpet carrot cat chain cherry circle cloud coconut comet cup curtain date deer"
    " diamond dog dream drum eagle engine evening fig flag flower forest fox garden gas glass grape hat"
    " heart holiday house island jelly jewel kettle kite knot lake lamp leaf leg lemon lime lion lizard"
    " map market mango melon moon morning neck night nose ocean octopus onion orange parcel parrot peach"
    " pear pen pillow pipe planet plate plum potato pot queen rabbit rain raisin rhubarb river room root"
    " rose salt school seal shampoo shelf sky snail soccer spade spring squash station stomach street"
    " sugar tent thread tiger toe tongue tooth town train truck turnip vase vulture wall whale window"
    " wolf worm yacht yam zebra"
).split()
LETTERS = "bcdfghjklmnpqrstvwxyz0123456789"


def make() -> str:
    """A name that is taken with a chance of about one in 10^17."""
    tail = "".join(secrets.choice(LETTERS) for _ in range(10))
    return f"{secrets.choice(ADJECTIVES)}_{secrets.choice(NOUNS)}_{tail}"
