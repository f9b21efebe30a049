"""Every text has a Japanese one, and JupyterLab finds it."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Sequence
from gettext import GNUTranslations
from types import ModuleType

import pytest
from babel.messages.catalog import Message
from jupyterlab_server.translation_utils import get_installed_packages_locale, translator

from jupyter_mlws.dev import ROOT
from jupyter_mlws.lab.language import DOMAIN, translate_settings

GLOSSARY = {
    "run": "実行",
    "job": "ジョブ",
    "step": "ステップ",
    "pipeline": "パイプライン",
    "model": "モデル",
}


@pytest.fixture(scope="module")
def translations() -> ModuleType:
    path = ROOT / "labextension" / "scripts" / "translations.py"
    spec = importlib.util.spec_from_file_location("translations", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def texts(string: str | Sequence[str] | None) -> list[str]:
    return [string] if isinstance(string, str) else list(string or ())


def shown(shipped: GNUTranslations, message: Message) -> str:
    text = texts(message.id)[0]
    return shipped.pgettext(message.context, text) if message.context else shipped.gettext(text)


def test_every_text_of_the_sources_has_a_japanese_one(translations: ModuleType) -> None:
    catalog = translations.read("ja_JP")

    missing = [
        message
        for message in translations.messages()
        if (entry := catalog.get(message.id, message.context or None)) is None
        or not all(texts(entry.string))
    ]

    assert missing == [], "Run `python labextension/scripts/translations.py`, then translate."


def test_placeholders_survive_translation(translations: ModuleType) -> None:
    def places(text: str) -> set[str]:
        return set(re.findall(r"%\d", text))

    wrong = [
        (message.id, message.string)
        for message in translations.read("ja_JP")
        if message.id
        for text in texts(message.string)
        if places(text) != places(texts(message.id)[-1])  # the one form of Japanese is the plural
    ]

    assert wrong == []


def test_one_word_stands_for_one_thing(translations: ModuleType) -> None:
    wrong = [
        (word, message.id, message.string)
        for message in translations.read("ja_JP")
        if message.id
        for word, term in GLOSSARY.items()
        if texts(message.id)[0].lower() in {word, f"{word}s"}
        and term not in texts(message.string)[0]
    ]

    assert wrong == []


def test_the_compiled_catalogues_are_those_of_the_po_file(translations: ModuleType) -> None:
    catalog = translations.read("ja_JP")
    folder = translations.folder("ja_JP")

    assert (folder / f"{DOMAIN}.json").read_text() == translations.compiled(catalog)
    with (folder / f"{DOMAIN}.mo").open("rb") as stream:
        shipped = GNUTranslations(stream)
    differing = [
        message.id
        for message in catalog
        if message.id and texts(message.string)[0] != shown(shipped, message)
    ]
    assert differing == []


def test_a_text_that_is_no_literal_is_refused(translations: ModuleType) -> None:
    with pytest.raises(SystemExit, match=r"a\.ts:2: the text of a translation must be a literal"):
        list(translations.in_typescript("const text = 1;\ntrans.__(text)", "a.ts"))


def test_texts_are_found_in_every_shape(translations: ModuleType) -> None:
    source = """
        trans.__('it\\'s %1', x); trans._n("one", 'many "x"', n);
        trans.__(
          `over lines`,
        ); trans._p('menu', 'Run');
    """

    found = list(translations.in_typescript(source, "a.ts"))

    assert found == [
        translations.Message("it's %1"),
        translations.Message("one", 'many "x"'),
        translations.Message("over lines"),
        translations.Message("Run", context="menu"),
    ]


def test_jupyterlab_finds_the_texts_for_the_browser() -> None:
    found, message = get_installed_packages_locale("ja_JP")

    assert message.strip() == ""
    assert found[DOMAIN]["Runs"] == ["実行"]


def test_jupyterlab_finds_the_texts_of_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translator, "_TRANSLATORS", {})
    monkeypatch.setattr(translator, "_LOCALE", "en")
    translate_settings()

    translator.set_locale("ja_JP")
    schema = translator.translate_schema(
        {"title": "ML Workspace", "jupyter.lab.internationalization": {"domain": DOMAIN}}
    )

    assert schema["title"] == "ML ワークスペース"
