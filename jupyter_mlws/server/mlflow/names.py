"""Names for runs and models whose maker gave none, in MLflow's form."""

from __future__ import annotations

import random

from jupyter_mlws.execution.names import ADJECTIVES, NOUNS


def made_up() -> str:
    """An adjective, a noun and a number, such as `brave-zebra-412`; not unique."""
    return f"{random.choice(ADJECTIVES)}-{random.choice(NOUNS)}-{random.randint(0, 999)}"
