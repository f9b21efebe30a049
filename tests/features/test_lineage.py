"""Lineage in both directions, what depends on what, and jobs that are made again."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlws.cli.main import main
from jupyter_mlws.entities.errors import Conflict, Invalid, NotFound
from jupyter_mlws.sdk.client import MLClient
from jupyter_mlws.sdk.service import Running
from jupyter_mlws.testing.service import running_service

Call = Callable[..., Any]
Chain = dict[str, str]
TRAIN = (
    "cat ${{inputs.rows}}/a.csv > ${{outputs.model}}/weights.txt;"
    ' python -c "import mlflow, random; random.seed(3);'
    " [mlflow.log_metric('loss', random.random() / (i + 1), step=i) for i in range(20)]\""
)
BINDER = Path(__file__).parents[2] / "binder"
numbers = itertools.count()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service of this module's own."""
    with running_service(tmp_path_factory.mktemp("lineage") / "workspace") as running:
        yield running


@pytest.fixture(scope="module")
def client(running: Running) -> MLClient:
    """A client of that workspace."""
    return MLClient(url=running.url, token=running.token)


@pytest.fixture(scope="module")
def call(client: MLClient) -> Call:
    """Call an operation by its name."""
    return client.call


def ended(client: MLClient, **job: Any) -> str:
    """Submit a job and wait until it has completed; answers its name."""
    made = client.jobs.create_or_update({"type": "command", **job})
    done = client.jobs.wait(made.name, timeout_s=120)
    assert done.status.value == "Completed", done.error
    return done.name


def a_chain(client: MLClient, folder: Path) -> Chain:
    """Data → run → model → second run; the names of all four."""
    number = next(numbers)
    rows, weights = f"rows{number}", f"weights{number}"
    keep(client, folder, rows, "1,2")
    first = ended(
        client,
        command=TRAIN,
        inputs={"rows": {"type": "uri_folder", "path": f"azureml:{rows}@latest"}},
        outputs={"model": {"type": "custom_model", "name": weights}},
    )
    second = ended(
        client,
        command="ls ${{inputs.model}}",
        inputs={"model": {"type": "custom_model", "path": f"azureml:{weights}:1"}},
    )
    return {"rows": rows, "weights": weights, "first": first, "second": second}


def keep(client: MLClient, folder: Path, name: str, text: str) -> None:
    """Keep a new version of data."""
    (folder / "a.csv").write_text(text)
    client.data.create_or_update({"name": name, "path": str(folder), "type": "uri_folder"})


@pytest.fixture(scope="module")
def chain(client: MLClient, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """A chain that tests only look at."""
    return a_chain(client, tmp_path_factory.mktemp("rows"))


def test_the_graph_is_right_in_both_directions(call: Call, chain: Chain) -> None:
    first, second = f"run:{chain['first']}", f"run:{chain['second']}"

    down = call("lineage.show", node=f"data:{chain['rows']}:1", direction="down", depth=5)
    up = call("lineage.show", node=second, direction="up", depth=5)

    distances = {node.id: node.distance for node in down.nodes}
    assert distances == {
        f"data:{chain['rows']}@1": 0,
        first: 1,
        f"model:{chain['weights']}@1": 2,
        second: 3,
    }
    ways = {(edge.source, edge.relation, edge.target) for edge in up.edges}
    assert {
        (f"data:{chain['rows']}@1", "input", first),
        (first, "output", f"model:{chain['weights']}@1"),
        (f"model:{chain['weights']}@1", "input", second),
    } <= ways
    assert {node.id: node.distance for node in up.nodes}[f"data:{chain['rows']}@1"] == -3


def test_depth_ends_the_graph_and_tells_how_much_is_left(call: Call, chain: Chain) -> None:
    near = call("lineage.show", node=f"model:{chain['weights']}", depth=1)
    by_id = {node.id: node for node in near.nodes}
    assert set(by_id) == {
        f"model:{chain['weights']}@1",
        f"run:{chain['first']}",
        f"run:{chain['second']}",
    }
    assert by_id[f"run:{chain['first']}"].n_hidden_up == 2  # its data and its environment
    with pytest.raises(Invalid, match="depth"):
        call("lineage.show", node=f"model:{chain['weights']}", depth=0)


def test_what_depends_on_data_is_counted_by_kind(
    call: Call, client: MLClient, tmp_path: Path
) -> None:
    chain = a_chain(client, tmp_path)
    found = call("lineage.impact", node=f"data:{chain['rows']}")
    assert found.counts == {"run": 2, "model": 1}
    assert call("lineage.impact", node=f"run:{chain['second']}").counts == {}


def test_a_newer_version_makes_what_was_made_of_the_old_stale(
    call: Call, client: MLClient, tmp_path: Path
) -> None:
    chain = a_chain(client, tmp_path)
    keep(client, tmp_path, chain["rows"], "3,4")
    nodes = {
        node.id: node
        for node in call("lineage.show", node=f"data:{chain['rows']}:1", depth=9).nodes
    }
    assert nodes[f"data:{chain['rows']}@1"].newer == "2"
    stale = {name for name, node in nodes.items() if node.stale}
    assert stale == {
        f"run:{chain['first']}",
        f"model:{chain['weights']}@1",
        f"run:{chain['second']}",
    }


@pytest.mark.parametrize(
    ("node", "error", "said"),
    [
        ("rows", Invalid, "is none of: data:NAME"),
        ("dat:rows", Invalid, "Did you mean 'data'?"),
        ("data:nothing", NotFound, "There is no data 'nothing'"),
        ("run:nobody", NotFound, "nobody"),
        ("code:abc", NotFound, "Nothing is known of 'code:abc'"),
    ],
)
def test_a_node_that_is_none_is_told(
    call: Call, chain: Chain, node: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        call("lineage.show", node=node)


def test_files_of_another_job_are_an_edge_between_runs(
    call: Call, client: MLClient, tmp_path: Path
) -> None:
    chain = a_chain(client, tmp_path)
    third = ended(
        client,
        command="ls ${{inputs.x}}",
        inputs={
            "x": {"type": "uri_folder", "path": f"azureml://jobs/{chain['first']}/outputs/model"}
        },
    )
    edges = call("lineage.show", node=f"run:{third}", direction="up", depth=1).edges
    sources = {edge.source for edge in edges if edge.relation == "input"}
    assert sources == {f"run:{chain['first']}"}


def test_openlineage_has_a_start_and_an_end_with_inputs_and_outputs(
    call: Call, chain: Chain
) -> None:
    start, end = call("lineage.export", run_id=chain["first"])
    assert (start["eventType"], end["eventType"]) == ("START", "COMPLETE")
    assert start["run"]["runId"] == end["run"]["runId"]
    assert [item["name"] for item in end["inputs"]] == [f"data/{chain['rows']}"]
    assert end["inputs"][0]["facets"]["version"]["datasetVersion"] == "1"
    assert [item["name"] for item in end["outputs"]] == [f"model/{chain['weights']}"]
    assert end["schemaURL"].startswith("https://openlineage.io/spec/")


def test_a_reproduction_is_the_same_bit_for_bit_and_says_so(
    call: Call, client: MLClient, tmp_path: Path
) -> None:
    chain = a_chain(client, tmp_path)
    plan = call("jobs.plan_reproduction", name=chain["first"])
    assert plan.possible
    told = {item.what: item for item in plan.items}
    assert told["input rows"].same
    assert told["environment"].same
    assert not told["seed"].same
    assert not told["outputs"].same

    again = call("jobs.reproduce", name=chain["first"])
    client.jobs.wait(again.name, timeout_s=120)
    found = call("jobs.get_reproduction", name=again.name)

    assert found.identical, found
    assert found.original == chain["first"]
    assert [(m.key, m.verdict, m.n_points) for m in found.metrics] == [("loss", "equal", 20)]
    assert {a.path: a.verdict for a in found.artifacts} == {
        "named-outputs/model/weights.txt": "equal"
    }
    assert [v.version for v in call("models.list", name=chain["weights"]).items] == ["1"]
    edges = call("lineage.show", node=f"run:{chain['first']}", depth=1).edges
    assert f"run:{again.name}" in {e.target for e in edges if e.relation == "reproduced_by"}


def test_a_reproduction_that_differs_names_what(
    call: Call, client: MLClient, tmp_path: Path
) -> None:
    (tmp_path / "n").write_text("1")
    (tmp_path / "log.py").write_text(
        "import mlflow, zipfile\n"
        f"n = int(open('{tmp_path}/n').read())\n"
        "mlflow.log_metric('n', n)\n"
        "with zipfile.ZipFile('outputs/dated.zip', 'w') as dated:\n"
        "    dated.writestr(zipfile.ZipInfo('a', (2000 + n, 1, 1, 0, 0, 0)), 'same')\n"
    )
    line = f"cat {tmp_path}/n > outputs/n.txt; python {tmp_path}/log.py"
    name = ended(client, command=line)
    (tmp_path / "n").write_text("2")
    again = call("jobs.reproduce", name=name).name
    client.jobs.wait(again, timeout_s=120)
    found = call("jobs.get_reproduction", name=again)
    assert found.identical is False
    assert found.summary == (
        "Not the same: 0 of 1 metrics bit for bit, 1 of 2 files"
        " (1 of them but for the times and ids that they carry) are equal."
    )
    assert [item.verdict for item in found.artifacts] == ["same_content", "differs"]
    assert (found.metrics[0].before, found.metrics[0].after) == (1.0, 2.0)


def test_what_cannot_be_reproduced_says_why(call: Call, chain: Chain) -> None:
    with pytest.raises(NotFound, match="is no reproduction"):
        call("jobs.get_reproduction", name=chain["first"])
    with pytest.raises(NotFound, match="There is no job"):
        call("jobs.reproduce", name="nobody")
    waiting = call("jobs.create_or_update", job={"type": "command", "command": "sleep 60"}).name
    with pytest.raises(Conflict, match="only an ended job"):
        call("jobs.reproduce", name=waiting)
    call("jobs.cancel", name=waiting)


def test_data_outside_of_the_workspace_is_told_beforehand(call: Call, client: MLClient) -> None:
    name = ended(
        client,
        command="true",
        inputs={
            "page": {"type": "uri_file", "path": "https://example.org/x.csv", "mode": "direct"},
            "seed": 7,
        },
    )
    told = {item.what: item for item in call("jobs.plan_reproduction", name=name).items}
    assert "may have changed since" in told["input page"].detail
    assert told["seed"].detail == "seed = 7"


def test_the_example_reproduces_bit_for_bit(call: Call, client: MLClient) -> None:
    name = ended(client, command="python train.py --alpha 0.1", code=str(BINDER))
    again = call("jobs.reproduce", name=name).name
    client.jobs.wait(again, timeout_s=120)

    found = call("jobs.get_reproduction", name=again)

    assert found.identical, found
    assert {"test_r2", "test_mae"} <= {metric.key for metric in found.metrics}
    assert {metric.verdict for metric in found.metrics} == {"equal"}
    assert "weights.json" in {file.path for file in found.artifacts}


def test_the_command_tells_runs_and_compares(
    running: Running, client: MLClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chain = a_chain(client, tmp_path)
    where = ["--url", running.url, "--token", running.token]
    with pytest.raises(SystemExit) as left:
        main(["job", "reproduce", "-n", chain["second"], *where])
    assert left.value.code in (0, None)
    said = capsys.readouterr()
    assert "same     input model" in said.err
    assert "DIFFERS  seed" in said.err
    assert json.loads(said.out)["identical"]
    with pytest.raises(SystemExit):
        main(["lineage", "show", "--node", f"run:{chain['second']}", *where])
    assert json.loads(capsys.readouterr().out)["root"] == f"run:{chain['second']}"
