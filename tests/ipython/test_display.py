"""Cards: our own MIME type, HTML for everybody else, text in a terminal."""

from __future__ import annotations

from typing import Any

from jupyter_mlws.entities.record import now
from jupyter_mlws.entities.run import Run, Status
from jupyter_mlws.ipython.display import MIME, RunCard
from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.testing.transport import MemoryTransport


def run(run_id: str = "a1", status: Status = Status.RUNNING, **fields: Any) -> Run:
    return Run(
        run_id=run_id,
        experiment_id="1",
        experiment_name="iris",
        name=fields.pop("name", "calm_fox"),
        type="mlflow",
        status=status,
        user="ana",
        created_at=now(),
        **fields,
    )


def client(**answers: Any) -> MLClient:
    return MLClient(transport=MemoryTransport(**answers))


def test_a_card_has_data_for_jupyterlab_and_something_for_everybody_else() -> None:
    card = RunCard(client(), run(metrics={"auc": 0.91, "system/cpu": 12.0}))

    bundle = card._repr_mimebundle_()

    assert bundle[MIME]["run_id"] == "a1"
    assert bundle[MIME]["status"] == "Running"
    assert "auc" in bundle["text/html"]
    assert "system/cpu" not in bundle["text/html"]
    assert bundle["text/plain"] == "run a1 · ▶ Running\nauc=0.91"


def test_what_others_wrote_is_not_html() -> None:
    card = RunCard(client(), run(name="<script>alert(1)</script>", params={"<b>": "<i>"}))

    html = card._repr_mimebundle_()["text/html"]

    assert "<script" not in html
    assert "<b>" not in html
    assert "<i>" not in html


def test_a_card_needs_nothing_from_the_network() -> None:
    html = RunCard(client(), run())._repr_mimebundle_()["text/html"]

    assert "http" not in html
    assert "<script" not in html
    assert "var(--jp-" in html


def test_looking_again_shows_how_it_stands_now() -> None:
    later = run(status=Status.COMPLETED).model_dump(mode="json")
    card = RunCard(client(runs__get=later), run())

    card.refresh()

    assert card.state["status"] == "Completed"
