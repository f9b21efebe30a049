"""Reading and writing the protocol's JSON."""

from __future__ import annotations

import math
import sys

import pytest

from jupyter_mlws.entities import errors
from jupyter_mlws.server.mlflow import wire
from jupyter_mlws.server.mlflow.wire import Fields, Query, Refused


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", {}),
        (b"null", {}),
        (b'{"a": 1}', {"a": 1}),
        (b'"{\\"a\\": 1}"', {"a": 1}),
        (b'{"a": Infinity}', {"a": math.inf}),
    ],
)
def test_a_body_is_an_object(body: bytes, expected: object) -> None:
    assert wire.decode(body) == expected


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"{", b'"[1]"', b"\xff"])
def test_any_other_body_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as e:
        wire.decode(body)
    assert (e.value.code, e.value.status) == ("BAD_REQUEST", 400)


@pytest.mark.parametrize(
    ("value", "expected"), [(5, 5), ("5", 5), ("-5", -5), (5.0, 5), (2**63 - 1, 2**63 - 1)]
)
def test_integers_come_as_numbers_or_text(value: object, expected: int) -> None:
    assert wire.integer(value, "n") == expected


@pytest.mark.parametrize("value", [True, 1.5, "x", "", "1.0", "1_0", 2**63, [], "9" * 30])
def test_what_is_no_integer_is_refused(value: object) -> None:
    with pytest.raises(Refused, match="for parameter 'n' supplied"):
        wire.integer(value, "n")


@pytest.mark.parametrize(
    ("value", "answered"),
    [
        (1.5, 1.5),
        (math.nan, "NaN"),
        (math.inf, sys.float_info.max),
        (-math.inf, -sys.float_info.max),
    ],
)
def test_special_doubles_are_answered_as_the_real_server_does(
    value: float, answered: object
) -> None:
    assert wire.double(value) == answered


def test_optional_fields_also_have_camel_case_names() -> None:
    fields = Fields({"runName": "a", "order_by": None, "orderBy": ["x"]})

    assert fields.text("run_name") == "a"
    assert fields.texts("order_by") == ["x"]


def test_nested_fields_are_named_in_full() -> None:
    (item,) = Fields({"items": [{"deep": {"n": "x"}}]}).objects("items")

    with pytest.raises(Refused, match=r"for parameter 'items\[0\].deep.n' supplied"):
        item.object("deep").integer("n")


def test_a_query_repeats_lists_and_writes_truth_as_text() -> None:
    query = Query.of({"ids": [b"a", b"b"], "one": [b"c"], "yes": [b"True"], "odd": [b"\xff"]})
    fields = Fields(query)

    assert fields.texts("ids") == ["a", "b"]
    assert fields.texts("one") == ["c"]
    assert fields.boolean("yes") is True
    assert fields.text("odd") == "�"


@pytest.mark.parametrize("value", ["RUNNING", 1, "1"])
def test_an_enum_is_a_name_or_a_number(value: object) -> None:
    assert Fields({"status": value}).enum("status", {1: "RUNNING"}) == "RUNNING"


@pytest.mark.parametrize("value", ["running", 9, True, []])
def test_an_unknown_enum_value_is_refused(value: object) -> None:
    with pytest.raises(Refused, match="It must be one of SCHEDULED"):
        Fields({"status": value}).enum("status", {2: "SCHEDULED"})


def test_page_tokens_come_back() -> None:
    token = wire.next_page(30, more=True)

    assert wire.offset_of(token) == 30
    assert wire.offset_of(None) == 0
    assert wire.next_page(30, more=False) is None


@pytest.mark.parametrize("token", ["?", "YQ==", "eyJvZmZzZXQiOi0xfQ==", "W10=", "ü"])
def test_a_made_up_page_token_is_refused(token: str) -> None:
    with pytest.raises(Refused, match="Invalid page token, could not base64-decode"):
        wire.offset_of(token)


def test_every_error_of_ours_has_a_code_of_theirs() -> None:
    for error in errors.BY_CODE.values():
        refused = Refused.of(error("why"))

        assert refused.message == "why"
        assert refused.code in wire.STATUS


def test_only_what_may_pass_by_itself_is_answered_with_a_status_that_is_retried() -> None:
    retried = {code for code, status in wire.STATUS.items() if status in {429, 500, 502, 503, 504}}

    assert retried == {"INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE"}


def test_the_problems_of_an_error_are_told_without_our_field_names() -> None:
    assert Refused.of(errors.Invalid.field("filter", "It is odd.")).message == "It is odd."
