"""JupyterLab starts with the extension in it."""

from __future__ import annotations

from tests.browser.conftest import LabPage


def test_jupyterlab_starts_with_the_extension_and_without_an_error(jupyterlab: LabPage) -> None:
    active = jupyterlab.plugins()

    assert [plugin for plugin in active if plugin.startswith("@mlws/labextension:")]


def test_little_of_us_is_loaded_before_a_page_is_opened(jupyterlab: LabPage) -> None:
    sizes: dict[str, int] = jupyterlab.page.evaluate(
        """() => Object.fromEntries(performance.getEntriesByType('resource')
            .filter(entry => entry.name.includes('/extensions/@mlws/'))
            .map(entry => [entry.name, entry.decodedBodySize]))"""
    )

    assert sizes
    assert sum(sizes.values()) < 300_000, sizes


def test_the_example_notebook_opens(jupyterlab: LabPage) -> None:
    jupyterlab.open("train.ipynb")

    jupyterlab.page.get_by_role("heading", name="Reading handwritten digits").wait_for()
