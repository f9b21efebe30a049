"""Views that are saved for everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jupyter_mlws.entities.access import Principal
from jupyter_mlws.entities.errors import AlreadyExists, Denied, Invalid, NotFound
from jupyter_mlws.features import operations
from jupyter_mlws.features.workspace import Workspace

Call = Callable[..., Any]


def test_a_view_is_saved_changed_and_forgotten(call: Call) -> None:
    view = call("views.create", view={"name": "Best", "state": {"text": "metrics.auc > 0.9"}})
    assert (view.name, view.created_by) == ("Best", "ana")
    assert call("views.list") == [view]

    changed = call("views.update", id=view.id, name="Very best", state={"text": ""})
    assert (changed.name, changed.state, changed.id) == ("Very best", {"text": ""}, view.id)
    assert call("views.get", id=view.id) == changed

    call("views.delete", id=view.id)
    assert call("views.list") == []
    with pytest.raises(NotFound, match="no view"):
        call("views.get", id=view.id)


def test_two_views_do_not_share_a_name(call: Call) -> None:
    call("views.create", view={"name": "Best"})
    other = call("views.create", view={"name": "Other"})

    with pytest.raises(AlreadyExists, match="choose another"):
        call("views.create", view={"name": "Best"})
    with pytest.raises(AlreadyExists, match="choose another"):
        call("views.update", id=other.id, name="Best")
    assert call("views.update", id=other.id, name="Other").name == "Other"


@pytest.mark.parametrize(
    ("view", "field"),
    [
        ({"name": ""}, "view.name"),
        ({"name": "x", "page": "moon"}, "view.page"),
        ({"name": "x", "colour": 1}, "view.colour"),
        ({"name": "x", "state": {"text": "x" * 70_000}}, "state"),
    ],
)
def test_a_wrong_view_is_refused(call: Call, view: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as error:
        call("views.create", view=view)

    assert field in [problem.field for problem in error.value.problems]
    assert call("views.list") == []


def test_a_reader_sees_views_and_saves_none(ws: Workspace, call: Call) -> None:
    view = call("views.create", view={"name": "Best"})
    reader = ws.of(Principal(name="ben", role="Reader"))

    assert operations.prepare(operations.find("views.list"), reader, {})() == [view]
    with pytest.raises(Denied):
        operations.prepare(operations.find("views.delete"), reader, {"id": view.id})()
