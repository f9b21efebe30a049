"""The texts of our settings in the language of JupyterLab.

JupyterLab's server looks for them in language packs alone; ours ship with the package.
"""

from __future__ import annotations

import gettext
from pathlib import Path

from jupyterlab_server.translation_utils import TranslationBundle, translator

DOMAIN = "jupyter_mlws"
LOCALES = Path(__file__).parents[1] / "locale"


class Catalog(TranslationBundle):
    """Texts from the package's own folder; English where there is no translation."""

    def update_locale(self, locale_: str) -> None:
        """Take the texts of another language."""
        self._locale = locale_
        self._translator = gettext.translation(
            DOMAIN, localedir=LOCALES, languages=[locale_], fallback=True
        )


def translate_settings() -> None:
    """Let JupyterLab's server translate the schemas that name our domain."""
    translator._TRANSLATORS[DOMAIN] = Catalog(DOMAIN, translator._LOCALE)
