"""Keeps the translations in step with the sources: `python labextension/scripts/translations.py`.

Reads every text that goes through the translator, puts new ones into the `.po` files (empty, to be
translated by a person), drops those that are gone, and compiles what JupyterLab reads.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "labextension" / "src"
SCHEMAS = ROOT / "labextension" / "schema"
LOCALES = ROOT / "jupyter_mlws" / "locale"
DOMAIN = "jupyter_mlws"

CALL = re.compile(r"\btrans\s*\.\s*(__|_n|_p|_np|gettext|ngettext)\s*\(")
LITERAL = re.compile(
    r"""\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\$]|\\.)*`)\s*,?""", re.DOTALL
)
N_TEXTS = {"__": 1, "gettext": 1, "_n": 2, "ngettext": 2, "_p": 2, "_np": 3}
CONTEXTS = {
    r"/(definitions/.*/)?properties/.*/(title|description)": "settings",
    r"/(title|description)": "schema",
    r"/jupyter\.lab\.setting-icon-label": "settings",
    r"/jupyter\.lab\.menus/.*/label": "menu",
    r"/jupyter\.lab\.toolbars/.*/label": "toolbar",
}
"""Which texts of a schema JupyterLab translates, and in which context."""


@dataclass(frozen=True, order=True)
class Message:
    """A text to translate; `plural` is empty where there is one form, `context` where there is none."""

    text: str
    plural: str = ""
    context: str = ""

    @property
    def id(self) -> str | tuple[str, str]:
        """As babel names it."""
        return (self.text, self.plural) if self.plural else self.text


def messages() -> dict[Message, set[str]]:
    """Every text to translate, with the files it stands in.

    Raises:
        SystemExit: a call of the translator has no literal text.
    """
    found: dict[Message, set[str]] = {}
    for file in sorted(SOURCES.rglob("*.ts*")):
        for message in in_typescript(file.read_text(encoding="utf-8"), file.name):
            found.setdefault(message, set()).add(file.relative_to(ROOT).as_posix())
    for file in sorted(SCHEMAS.glob("*.json")):
        for message in in_schema(json.loads(file.read_text(encoding="utf-8"))):
            found.setdefault(message, set()).add(file.relative_to(ROOT).as_posix())
    return found


def in_typescript(source: str, name: str) -> Iterator[Message]:
    """The texts of a TypeScript file."""
    for call in CALL.finditer(source):
        texts = []
        at = call.end()
        for _ in range(N_TEXTS[call[1]]):
            literal = LITERAL.match(source, at)
            if not literal:
                line = source.count("\n", 0, call.start()) + 1
                raise SystemExit(f"{name}:{line}: the text of a translation must be a literal.")
            texts.append(unquoted(literal[1]))
            at = literal.end()
        match call[1]:
            case "_p":
                yield Message(texts[1], context=texts[0])
            case "_np":
                yield Message(texts[1], texts[2], context=texts[0])
            case _:
                yield Message(*texts)


def in_schema(schema: Any, path: str = "") -> Iterator[Message]:
    """The texts of a settings schema."""
    items = enumerate(schema) if isinstance(schema, list) else schema.items()
    for key, value in items:
        inner = path if isinstance(schema, list) else f"{path}/{key}"
        if isinstance(value, (dict, list)):
            yield from in_schema(value, inner)
        elif isinstance(value, str):
            for pattern, context in CONTEXTS.items():
                if re.fullmatch(pattern, inner):
                    yield Message(value, context=context)
                    break


def unquoted(literal: str) -> str:
    """The text of a JavaScript string literal."""
    body = literal[1:-1]
    if literal[0] != '"':
        body = body.replace("\\'", "'").replace("\\`", "`").replace('"', '\\"')
    text: str = json.loads(f'"{body}"', strict=False)
    return text


def read(locale: str) -> Catalog:
    """The catalogue of a locale; an empty one where there is none."""
    file = folder(locale) / f"{DOMAIN}.po"
    if not file.exists():
        return Catalog(locale=locale, domain=DOMAIN, fuzzy=False)
    with file.open("rb") as stream:
        return read_po(stream, locale=locale, domain=DOMAIN)


def updated(catalog: Catalog, found: dict[Message, set[str]]) -> Catalog:
    """`catalog` with exactly the messages found; translations stay."""
    made = Catalog(
        locale=catalog.locale,
        domain=DOMAIN,
        project=DOMAIN,
        fuzzy=False,
        header_comment=f"# {catalog.locale} translations of {DOMAIN}.",
    )
    for message, files in sorted(found.items()):
        context = message.context or None
        old = catalog.get(message.id, context)
        string = old.string if old and old.string else ""
        locations = [(file, 0) for file in sorted(files)]
        made.add(message.id, string, locations, context=context)
    return made


def compiled(catalog: Catalog) -> str:
    """What the browser reads: forms by text, in the shape of JupyterLab's own language packs."""
    header = {
        "domain": DOMAIN,
        "language": str(catalog.locale).replace("_", "-"),
        "plural_forms": f"{catalog.plural_forms};".replace(";;", ";"),
        "version": DOMAIN,
    }
    made: dict[str, Any] = {"": header}
    for message in catalog:
        if not message.id:
            continue
        text = message.id[0] if message.pluralizable else message.id
        key = f"{message.context}\u0004{text}" if message.context else text
        forms = list(message.string) if message.pluralizable else [message.string]
        # A text with a plural needs two forms, even in a language that has one.
        made[key] = [*forms, ""][:2] if message.pluralizable and len(forms) < 2 else forms
    return json.dumps(made, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def po_text(catalog: Catalog) -> bytes:
    """The `.po` file: one place for each text is enough to find it again."""
    out = BytesIO()
    write_po(out, catalog, width=100, sort_output=True, include_lineno=False, omit_header=False)
    # A date would change the file although nothing else has; the rest are blanks of a form.
    return re.sub(
        rb'"(POT-Creation-Date|PO-Revision-Date|Generated-By|Project-Id-Version|Report-Msgid-Bugs-To'
        rb"|Last-Translator|Language-Team): .*\n",
        b"",
        out.getvalue(),
    )


def mo_bytes(catalog: Catalog) -> bytes:
    """What the server reads, for the texts of settings."""
    # A date of its own would change the file although no text has.
    catalog.creation_date = catalog.revision_date = datetime(2000, 1, 1, tzinfo=timezone.utc)
    out = BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def folder(locale: str) -> Path:
    """Where the files of a locale lie."""
    return LOCALES / locale / "LC_MESSAGES"


def main(locales: list[str]) -> int:
    """Update and compile the locales, all when none is named; answers how many texts lack one."""
    found = messages()
    missing = 0
    for locale in locales or sorted(path.name for path in LOCALES.iterdir()):
        catalog = updated(read(locale), found)
        folder(locale).mkdir(parents=True, exist_ok=True)
        (folder(locale) / f"{DOMAIN}.po").write_bytes(po_text(catalog))
        (folder(locale) / f"{DOMAIN}.json").write_text(compiled(catalog), encoding="utf-8")
        (folder(locale) / f"{DOMAIN}.mo").write_bytes(mo_bytes(catalog))
        lacking = [message.id for message in catalog if message.id and not any(message.string)]
        missing += len(lacking)
        sys.stdout.write(f"{locale}: {len(found)} texts, {len(lacking)} to translate\n")
    return missing


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
