"""Secrets in what is written."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlws.execution.notebooks.redaction import MASK, Redactor

SECRET = "abcabd"


def test_a_secret_is_masked_wherever_it_stands_in_a_value() -> None:
    redactor = Redactor([SECRET])

    assert redactor.value({f"k-{SECRET}": [SECRET, 1, None]}) == {f"k-{MASK}": [MASK, 1, None]}


def test_each_line_of_a_secret_is_a_secret() -> None:
    assert Redactor(["first\nsecond"]).text("first and second") == f"{MASK} and {MASK}"


def test_short_values_tear_no_text_apart() -> None:
    assert Redactor(["a", ""]).text("a banana") == "a banana"


@given(st.text("abcd ", max_size=40), st.lists(st.integers(0, 40), max_size=8))
def test_pieces_of_a_stream_show_what_the_whole_shows(text: str, cuts: list[int]) -> None:
    text = text[:20] + SECRET + text[20:]
    redactor = Redactor([SECRET])
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})

    shown = "".join(redactor.feed("out", text[a:b]) for a, b in pairwise(places))
    shown += redactor.flush("out")

    assert SECRET not in shown
    assert shown == Redactor([SECRET]).text(text)


def test_streams_are_kept_apart() -> None:
    redactor = Redactor([SECRET])

    assert redactor.feed("out", "abc") == ""
    assert redactor.feed("err", "abd") == "abd"
    assert redactor.flush("out") == "abc"
