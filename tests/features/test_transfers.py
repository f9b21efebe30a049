"""Another MLflow's runs are brought in by the service, in the background."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from jupyter_mlws import MLClient
from jupyter_mlws.entities.access import TokenSpec
from jupyter_mlws.entities.errors import Conflict, Denied, Invalid, NotFound
from jupyter_mlws.entities.transfer import Transfer
from jupyter_mlws.execution.transfers import without_password
from jupyter_mlws.testing.service import running_service

pytestmark = pytest.mark.filterwarnings("ignore")  # the client's own

N_RUNS = 12


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database that MLflow made."""
    folder = tmp_path_factory.mktemp("made")
    uri = f"sqlite:///{folder}/mlflow.db"
    tracking: Any = MlflowClient(uri)
    experiment_id = tracking.create_experiment("süß", (folder / "artifacts").as_uri())
    for number in range(N_RUNS):
        run_id = tracking.create_run(experiment_id).info.run_id
        tracking.log_metric(run_id, "loss", number)
        tracking.log_text(run_id, "hello", "note.txt")
    return uri


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLClient]:
    with (
        running_service(tmp_path_factory.mktemp("own") / "workspace") as running,
        MLClient(url=running.url, token=running.token) as client,
    ):
        yield client


def start(client: MLClient, source: str, **fields: Any) -> Transfer:
    made: Transfer = client.call("transfers.create", transfer={"source": source, **fields})
    return made


def ended(client: MLClient, transfer: Transfer) -> Transfer:
    for _ in range(600):
        if transfer.state != "running":
            break
        transfer = client.call("transfers.get", id=transfer.id, after=transfer.step, wait_s=10)
    assert transfer.ended_at is not None
    return transfer


def counts(transfer: Transfer) -> dict[str, tuple[int, int]]:
    assert transfer.report is not None
    return {count.kind: (count.n, count.n_new) for count in transfer.report.counts if count.n}


def n_runs(client: MLClient) -> int:
    return len(client.call("runs.list", max_results=1000).items)


def test_a_dry_run_counts_then_all_comes_then_nothing_is_new(client: MLClient, source: str) -> None:
    counted = ended(client, start(client, source, dry_run=True))
    before = n_runs(client)
    brought = ended(client, start(client, source))
    again = ended(client, start(client, source))

    assert counted.state == brought.state == again.state == "done"
    assert counts(counted)["runs"] == counts(brought)["runs"] == (N_RUNS, N_RUNS)
    assert counts(brought)["files"] == (N_RUNS, N_RUNS)
    assert (before, n_runs(client)) == (0, N_RUNS)
    assert counts(again)["runs"] == (N_RUNS, 0)
    assert client.call("transfers.list")[0].id == again.id


def test_its_token_ends_with_it(client: MLClient, source: str) -> None:
    made = ended(client, start(client, source, dry_run=True))

    subject = f"transfer:{made.id}"
    for _ in range(100):
        events = client.call("events.list", subject=subject, wait_s=1)
        if len(events) == 2:
            break
    assert [event.change.get("state") for event in events] == [None, "done"]
    assert [token.name for token in client.tokens.list()].count("Transfer") == 0


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("sqlite:////nowhere/mlflow.db", "nowhere"),
        ("/nowhere/mlruns", "nowhere"),
        ("http://127.0.0.1:9/", "127.0.0.1"),
        ("ftp://host/x", "ftp"),
    ],
)
def test_what_is_not_there_is_told(client: MLClient, where: str, told: str) -> None:
    failed = ended(client, start(client, where))

    assert failed.state == "failed"
    assert told in (failed.error or "")


def test_one_that_is_canceled_ends_and_gives_its_place_back(
    client: MLClient, source: str, tmp_path: Path
) -> None:
    place = Path(source.removeprefix("sqlite:///"))
    with sqlite3.connect(place, isolation_level=None) as held:
        held.execute("BEGIN EXCLUSIVE")  # they wait, so that they can be canceled
        first, second = start(client, source, deep=True), start(client, source, deep=True)
        with pytest.raises(Conflict, match="wait for one, or cancel it"):
            start(client, source)
        states = [client.call("transfers.cancel", id=made.id).state for made in (first, second)]
        held.execute("ROLLBACK")
    held.close()

    assert states == ["canceled", "canceled"]
    assert client.call("transfers.cancel", id=first.id).state == "canceled"
    for _ in range(600):
        try:
            after = start(client, source, dry_run=True)
            break
        except Conflict:
            client.call("transfers.get", id=first.id, after=10**6, wait_s=0.1)
    assert ended(client, after).state == "done"


def test_wrong_input_is_refused(client: MLClient) -> None:
    with pytest.raises(Invalid, match="source"):
        start(client, "")
    with pytest.raises(Invalid, match="colour"):
        start(client, "x", colour="red")
    with pytest.raises(NotFound):
        client.call("transfers.get", id="nothing")
    with pytest.raises(NotFound):
        client.call("transfers.cancel", id="nothing")
    with pytest.raises(Invalid, match="wait_s"):
        client.call("transfers.get", id="nothing", wait_s=31)


def test_who_only_reads_starts_none(client: MLClient, source: str) -> None:
    made = client.tokens.create(TokenSpec(name="r", role="Reader"))
    with MLClient(url=client.transport.url, token=made.token) as reader:  # type: ignore[attr-defined]
        with pytest.raises(Denied):
            start(reader, source)
        assert isinstance(reader.call("transfers.list"), list)


def test_a_password_is_not_kept() -> None:
    assert without_password("https://ann:secret@host:5000/x") == "https://host:5000/x"
    assert without_password("sqlite:////data/a@b.db") == "sqlite:////data/a@b.db"
