"""The search language: MLflow's grammar, and OR, NOT, parentheses and full text besides.

```
condition  = conjunct {OR conjunct}         conjunct = term {AND term}
term       = NOT term | "(" condition ")" | comparison | text
comparison = name operator value | name [NOT] IN "(" value {"," value} ")" | name IS [NOT] NULL
name       = [entity "."] key               odd keys stand in backticks or double quotes
```
A text by itself is looked for in name, id, params and tags of a run, in any letter case.
Words are read in any letter case. Source: MLflow search syntax; the messages are MLflow's as well,
since its users match on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

from jupyter_mlws.entities.errors import Invalid, Problem

DEEPEST = 50
LONGEST = 500
"""Most nested parentheses, and most comparisons."""

FULL_TEXT = "text"
"""Entity of a text by itself."""
NUMERIC = frozenset({"=", "!=", ">", ">=", "<", "<="})
TEXTUAL = frozenset({"=", "!=", "LIKE", "ILIKE", "IN", "NOT IN"})
NULLABLE = frozenset({"IS NULL", "IS NOT NULL"})
WITH_OWN_KEYS = frozenset({"parameter", "tag", "metadata", "feedback", "expectation"})
"""Entities of texts whose keys are the users': any of them may be missing."""

Value: TypeAlias = "float | str | tuple[str, ...] | None"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison, checked: `value` is a number, a text, or with IN a tuple of texts."""

    entity: str
    key: str
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class And:
    """All of the parts."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of the parts."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Whatever `part` does not choose, also for lack of the key."""

    part: Condition


Condition: TypeAlias = "Comparison | And | Or | Not"


@dataclass(frozen=True, slots=True)
class Order:
    """One item of an order; where the key is missing comes last either way."""

    entity: str
    key: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Language:
    """What can be said about one kind of thing.

    Attributes:
        entities: by every name of an entity (`params`, `param`) its own (`parameter`).
        texts, numbers: by every name of an attribute its own.
        dataset_keys: what can be said about data sets.
        has_full_text: whether a text by itself is looked for in all that is written there.
    """

    entities: dict[str, str]
    texts: dict[str, str]
    numbers: dict[str, str]
    dataset_keys: frozenset[str] = frozenset()
    has_full_text: bool = False

    def is_number(self, entity: str, key: str) -> bool:
        """Whether it compares as a number."""
        return entity == "metric" or (entity == "attribute" and key in self.numbers.values())

    def operators(self, entity: str, key: str) -> frozenset[str]:
        """What it can be compared with."""
        if self.is_number(entity, key):
            return NUMERIC
        if entity in WITH_OWN_KEYS:
            return TEXTUAL | NULLABLE
        return TEXTUAL


def _names(**groups: str) -> dict[str, str]:
    return {name: own for own, names in groups.items() for name in (own, *names.split())}


RUNS = Language(
    entities=_names(
        metric="metrics",
        parameter="parameters param params",
        tag="tags",
        attribute="attributes attr run",
        dataset="datasets",
    ),
    texts={
        **_names(run_id="", run_name="", status="", artifact_uri="", user_id="", type=""),
        **dict.fromkeys(("run name", "Run name", "Run Name"), "run_name"),
    },
    numbers=_names(start_time="created Created", end_time=""),
    dataset_keys=frozenset({"name", "digest", "context"}),
    has_full_text=True,
)
EXPERIMENTS = Language(
    entities=_names(tag="tags", attribute="attributes attr"),
    texts=_names(name="", experiment_id=""),
    numbers=_names(creation_time="", last_update_time=""),
)

TOKEN = re.compile(
    r"""
    (?P<blank>\s+)
  | (?P<name>(?:\w+\.)?`[^`]*` | \w+\."[^"]*" | (?!\d)\w[\w.:/-]*)
  | (?P<text>'(?:[^']|'')*' | "(?:[^"]|"")*")
  | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?!\w))
  | (?P<operator>>=|<=|!=|<>|=|>|<)
  | (?P<mark>[(),])
  | (?P<unknown>.)
    """,
    re.VERBOSE | re.DOTALL,
)
WORDS = frozenset({"AND", "OR", "NOT", "IN", "IS", "NULL", "LIKE", "ILIKE", "ASC", "DESC"})


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a filter, and where it begins, counted from 0."""

    kind: str
    text: str
    position: int

    @property
    def word(self) -> str:
        """The keyword, operator or mark it is, or an empty text."""
        if self.kind in {"operator", "mark"}:
            return "!=" if self.text == "<>" else self.text
        upper = self.text.upper()
        return upper if self.kind == "name" and upper in WORDS else ""


def parse(text: str, language: Language) -> Condition | None:
    """The condition that `text` says; None where it says nothing.

    Raises:
        Invalid: with the position of what cannot be read.
    """
    parser = _Parser(text, language)
    if parser.next.kind == "end":
        return None
    condition = parser.condition()
    if parser.next.kind != "end":
        parser.fail(f"Invalid clause(s) in filter string: '{parser.next.text}'")
    return condition


def parse_order(items: Sequence[str], language: Language) -> tuple[Order, ...]:
    """The order that `items` say.

    Raises:
        Invalid: an item cannot be read, or a field stands there twice.
    """
    order = tuple(_order_item(item, language) for item in items)
    fields = [(item.entity, item.key) for item in order]
    if len(set(fields)) < len(fields):
        raise Invalid.field("order_by", f"`order_by` contains duplicate fields: {list(items)}")
    return order


def _order_item(text: str, language: Language) -> Order:
    parser = _Parser(text, language, "order_by")
    if parser.next.kind == "end":
        parser.fail(f"Invalid order_by clause '{text}'. Could not be parsed.")
    entity, key = parser.identifier()
    descending = parser.next.word == "DESC"
    if parser.next.word in {"ASC", "DESC"}:
        parser.advance()
    if parser.next.kind != "end":
        parser.fail(f"Invalid ordering key in order_by clause '{text}'. Could not be parsed.")
    if entity == "dataset":
        parser.fail("Invalid identifier type 'dataset'")
    return Order(entity, key, descending)


def _set_of(words: Iterable[str]) -> str:
    """Words as MLflow's messages list them."""
    return f"'{{{', '.join(map(repr, sorted(words)))}}}'"


class _Parser:
    """Recursive descent; `next` is the token that is read next."""

    def __init__(self, text: str, language: Language, field: str = "filter") -> None:
        self._language = language
        self._field = field
        self._tokens = [
            Token(match.lastgroup or "", match.group(), match.start())
            for match in TOKEN.finditer(text)
            if match.lastgroup != "blank"
        ]
        self._tokens.append(Token("end", "", len(text)))
        self._at = self._from = self._depth = self._n_comparisons = 0
        if "\0" in text:
            raise Invalid.field(field, "NUL cannot be searched for")

    @property
    def next(self) -> Token:
        return self._tokens[self._at]

    def advance(self) -> Token:
        token = self.next
        if token.kind != "end":
            self._at += 1
        return token

    def fail(self, message: str, token: Token | None = None) -> NoReturn:
        where = (token or self.next).position + 1
        raise Invalid(
            f"{message} (at character {where})",
            problems=[Problem(f"{message} (at character {where})", self._field)],
        )

    def condition(self) -> Condition:
        parts = [self._conjunct()]
        while self._take("OR"):
            parts.append(self._conjunct())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _conjunct(self) -> Condition:
        parts = [self._term()]
        while self._take("AND"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _term(self) -> Condition:
        self._depth += 1
        if self._depth > DEEPEST:
            self.fail(f"The filter is nested deeper than {DEEPEST} levels")
        try:
            if self._take("NOT"):
                return Not(self._term())
            if self._take("("):
                inner = self.condition()
                self._require(")")
                return inner
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Comparison:
        self._n_comparisons += 1
        if self._n_comparisons > LONGEST:
            self.fail(f"The filter has more than {LONGEST} comparisons")
        self._from = self._at
        if self._language.has_full_text and self.next.kind == "text":
            return Comparison(FULL_TEXT, "", "HAS", self._text(FULL_TEXT))
        entity, key = self.identifier()
        token = self.next
        operator = self._operator()
        allowed = self._language.operators(entity, key)
        if operator not in allowed:
            self._refuse_operator(operator, entity, key, allowed, token)
        if operator in NULLABLE:
            return Comparison(entity, key, operator, None)
        if operator in {"IN", "NOT IN"}:
            return Comparison(entity, key, operator, self._texts(entity))
        if self._language.is_number(entity, key):
            return Comparison(entity, key, operator, self._number(entity, key))
        return Comparison(entity, key, operator, self._text(entity))

    def identifier(self) -> tuple[str, str]:
        """The entity and key that a name says, each by its own name."""
        token = self.advance()
        if token.kind != "name" or token.word:
            self.fail(f"Invalid clause(s) in filter string: '{token.text}'", token)
        prefix, dot, key = token.text.partition(".")
        if not dot or token.text.startswith("`"):
            prefix, key = "attribute", token.text
        entity = self._language.entities.get(prefix)
        if entity is None:
            valid = list(dict.fromkeys(self._language.entities.values()))
            self.fail(f"Invalid entity type '{prefix}'. Valid values are {valid}", token)
        if key[:1] in {"`", '"'}:
            key = key[1:-1]
        if not key:
            self.fail(f"Invalid clause(s) in filter string: '{token.text}'", token)
        return entity, self._own_key(entity, key, token)

    def _own_key(self, entity: str, key: str, token: Token) -> str:
        language = self._language
        if entity == "dataset" and key not in language.dataset_keys:
            valid = _set_of(language.dataset_keys)
            self.fail(f"Invalid dataset key '{key}' specified. Valid keys are {valid}", token)
        if entity != "attribute":
            return key
        own = language.texts.get(key) or language.numbers.get(key)
        if own is None:
            valid = _set_of({*language.texts, *language.numbers})
            self.fail(f"Invalid attribute key '{key}' specified. Valid keys are {valid}", token)
        return own

    def _operator(self) -> str:
        token = self._value()
        words = [token.word]
        if words == ["NOT"]:
            words.append(self.advance().word)
        if words == ["IS"]:
            words += ["NOT"] if self._take("NOT") else []
            words.append(self.advance().word)
        operator = " ".join(words)
        if operator not in NUMERIC | TEXTUAL | NULLABLE:
            self.fail(f"Invalid clause(s) in filter string: '{token.text}'", token)
        return operator

    def _refuse_operator(
        self, operator: str, entity: str, key: str, allowed: frozenset[str], token: Token
    ) -> NoReturn:
        if operator in NULLABLE:
            self.fail(
                "IS NULL / IS NOT NULL is only supported for tags and params,"
                f" not for '{entity}' '{key}'",
                token,
            )
        self.fail(f"Invalid comparator '{operator}' not one of {_set_of(allowed)}", token)

    def _number(self, entity: str, key: str) -> float:
        token = self._value()
        if token.kind != "number":
            what = "metric" if entity == "metric" else f"numeric attribute: {key}"
            self.fail(f"Expected numeric value type for {what}. Found {token.text}", token)
        try:
            return int(token.text)
        except ValueError:
            return float(token.text)

    def _value(self) -> Token:
        """What a comparison compares with; there must be something."""
        if self.next.kind == "end":
            said = ", ".join(f"'{token.text}'" for token in self._tokens[self._from : self._at])
            self.fail(f"Invalid clause(s) in filter string: {said}")
        return self.advance()

    def _text(self, entity: str) -> str:
        token = self._value()
        if token.kind == "name" and not token.word:
            self.fail(
                "Parameter value is either not quoted or unidentified quote types used for"
                f" string value {token.text}. Use either single or double quotes.",
                token,
            )
        if token.kind != "text":
            what = "attributes" if entity == "attribute" else f"{entity} (e.g. 'my-value')"
            self.fail(f"Expected a quoted string value for {what}. Got value {token.text}", token)
        quote = token.text[0]
        return token.text[1:-1].replace(quote * 2, quote)

    def _texts(self, entity: str) -> tuple[str, ...]:
        self._require("(")
        if self.next.kind != "text":
            found = "empty list" if self.next.word == ")" else "ill-formed list."
            self.fail(
                "While parsing a list in the query, expected a non-empty list of string values,"
                f" but got {found}"
            )
        texts = [self._text(entity)]
        while self._take(","):
            texts.append(self._text(entity))
        self._require(")")
        return tuple(texts)

    def _take(self, word: str) -> bool:
        found = self.next.word == word
        if found:
            self._at += 1
        return found

    def _require(self, word: str) -> None:
        if not self._take(word):
            self.fail(f"Expected '{word}', found '{self.next.text}'")
