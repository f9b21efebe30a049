"""Who may do what: principals, roles and tokens.

Source: the built-in roles of Azure ML; actions are `<noun>/<verb>` with `*` as wildcard.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from pydantic import Field

from jupyter_mlws.entities.record import Moment, Spec, View

ROLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Owner": (("*",), ()),
    "Contributor": (("*",), ("access/*", "workspaces/restore")),
    "Data Scientist": (
        ("*",),
        ("access/*", "computes/write", "computes/delete", "models/approve", "workspaces/*"),
    ),
    "Compute Operator": (("*/read", "computes/*"), ("access/*",)),
    "Reader": (("*/read",), ("access/*",)),
    "AzureML Registry User": (
        (
            "*/read",
            "blobs/write",
            "components/write",
            "data/write",
            "environments/write",
            "models/write",
        ),
        ("access/*",),
    ),
    "Job": (
        (
            "*/read",
            "runs/write",
            "experiments/write",
            "models/write",
            "artifacts/write",
            "blobs/write",
        ),
        ("access/*",),
    ),
    "Trigger": (("triggers/fire",), ()),
}
"""For each role the actions it may do, and those taken away again."""

OWN_TOKENS = frozenset({"Job", "Trigger"})
"""Roles of tokens that the workspace makes itself; nobody is given them."""

READ_ALL = ("workspaces/read",)

VIA = "1.1 jupyter-mlws"
"""What a Jupyter server adds to the requests it forwards: their token is its own, not the caller's."""


class Principal(View):
    """Somebody, or a job, on whose behalf something is done."""

    name: str
    role: str = "Owner"
    run_id: str | None = None
    """The run of a job's own token: it may write to that run and to runs below it only."""

    def may(self, action: str) -> bool:
        """Whether the role allows `action`."""
        allowed, taken = ROLES[self.role]
        if action in READ_ALL and self.role != "Trigger":
            return True
        return any(fnmatchcase(action, pattern) for pattern in allowed) and not any(
            fnmatchcase(action, pattern) for pattern in taken
        )

    @property
    def actions(self) -> list[str]:
        """What the role allows, patterns taken away written with a leading `!`."""
        allowed, taken = ROLES[self.role]
        return [*allowed, *(f"!{pattern}" for pattern in taken)]


class TokenSpec(Spec):
    """A token to be made."""

    name: str = Field(min_length=1, max_length=100)
    """What it is for, in the maker's words."""
    user: str | None = None
    """Whom it speaks for; the maker when absent."""
    role: str = "Data Scientist"
    expires_in_s: int | None = Field(default=None, gt=0)


class Token(View):
    """A token as the workspace keeps it: its hash, never itself."""

    id: str
    name: str
    user: str
    role: str
    run_id: str | None = None
    created_at: Moment
    expires_at: Moment | None = None


class NewToken(Token):
    """A token just made; `token` is shown this once."""

    token: str
