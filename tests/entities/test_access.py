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
        ("Data Scientist", "models/approve", False),
        ("Contributor", "models/approve", True),
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


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"Trigger"}))
def test_everybody_may_see_which_workspace_it_is(role: str) -> None:
    assert Principal(name="ana", role=role).may("workspaces/read")


@pytest.mark.parametrize("action", ["workspaces/read", "jobs/read", "jobs/write", "triggers/write"])
def test_who_holds_a_triggers_token_may_fire_it_and_nothing_else(action: str) -> None:
    holder = Principal(name="a trigger", role="Trigger")

    assert holder.may("triggers/fire")
    assert not holder.may(action)
