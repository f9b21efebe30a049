"""The audit: who changed what and when, narrowed by action."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import rest
from tests.browser.conftest import Lab, LabPage

PATIENCE = 60_000


@pytest.fixture(scope="module", autouse=True)
def changed(lab: Lab) -> None:
    """Two secrets that were set, one of which was deleted again."""
    for name in ("kept", "gone"):
        rest.call(lab, "POST", f"/api/secrets/{name}:set", {"value": "s3cret"})
    rest.call(lab, "DELETE", "/api/secrets/gone")


def test_changes_are_told_and_narrowed_and_secrets_stay_secret(jupyterlab: LabPage) -> None:
    jupyterlab.execute("mlws:audit-open")
    audit = jupyterlab.page.locator(".jp-MlwsAudit")
    gone = audit.get_by_role("row", name="secret:gone")
    kept = audit.get_by_role("row", name="secret:kept")
    expect(gone).to_have_count(2, timeout=PATIENCE)
    expect(kept).to_have_count(1)
    audit.get_by_label("Action").select_option("*/delete")
    expect(kept).to_have_count(0)
    expect(audit).not_to_contain_text("s3cret")
