"""Roles."""

import pytest

from jupyter_mlws.entities.access import ROLES, Principal


@pytest.mark.parametrize(
    ("role", "action", "may"),
    [
        ("Owner", "access/tokens/write", True),
        ("Contributor", "computes/write", True),
        ("Contributor", "access/tokens/write", False),
        ("Data Scientist", "jobs/write", True),
        ("Data Scientist", "computes/write", False),
        ("Data Scientist", "workspaces/backup", False),
        ("Compute Operator", "computes/write", True),
        ("Compute Operator", "jobs/write", False),
        ("Reader", "jobs/read", True),
        ("Reader", "jobs/write", False),
        ("Reader", "access/tokens/read", False),
        ("Job", "runs/write", True),
        ("Job", "jobs/write", False),
        ("Job", "workspaces/stop", False),
    ],
)
def test_a_role_allows_what_it_says(role: str, action: str, may: bool) -> None:
    assert Principal(name="ana", role=role).may(action) is may


@pytest.mark.parametrize("role", ROLES)
def test_everybody_may_see_which_workspace_it_is(role: str) -> None:
    assert Principal(name="ana", role=role).may("workspaces/read")
