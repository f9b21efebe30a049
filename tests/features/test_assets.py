"""Versions of data, models and components: made once, labelled, hidden, consumed and produced by jobs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jupyter_mlws.entities.access import Principal
from jupyter_mlws.entities.errors import Conflict, Denied, Invalid, NotFound
from jupyter_mlws.entities.run import Status
from jupyter_mlws.entities.snapshot import Snapshot, SnapshotFile
from jupyter_mlws.features import operations
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.testing.jobs import Workroom

Call = Callable[..., Any]


@pytest.fixture
def keep(room: Workroom, call: Call) -> Callable[..., str]:
    """Keep files as a client sends them; answers their reference."""

    def keep(is_file: bool = False, **texts: str) -> str:
        files = [
            SnapshotFile(
                path=name.replace("__", "."),
                blob=room.blobs.put(text.encode()),
                size_bytes=len(text),
            )
            for name, text in texts.items()
        ]
        snapshot = Snapshot(files=files, is_file=is_file)
        assert call("codes.create_or_update", snapshot=snapshot).missing == []
        return snapshot.reference

    return keep


@pytest.fixture
def create(call: Call, keep: Callable[..., str]) -> Call:
    """Create data of one file."""

    def create(text: str = "1", noun: str = "data", **fields: Any) -> Any:
        fields = {"name": "iris", "path": keep(is_file=True, iris__csv=text), **fields}
        if noun == "data":
            fields.setdefault("type", "uri_file")
        return call(f"{noun}.create_or_update", asset=fields)

    return create


class TestVersions:
    def test_numbers_go_up_by_themselves(self, create: Call) -> None:
        assert [create(text).version for text in ("1", "2", "3")] == ["1", "2", "3"]
        assert create("4", version=9).version == "9"
        assert create("5").version == "10"
        assert create("6", version="2026-11").version == "2026-11"
        assert create("7").version == "11"

    def test_equal_content_changes_nothing(self, create: Call, room: Workroom) -> None:
        create(version=1, tags={"a": 1})
        before = room.store.last_event()

        again = create(version=1, tags={"a": 1})

        assert again.version == "1"
        written = room.store.events(after=before)
        assert [e.subject for e in written if e.subject.startswith("data:")] == []

    def test_other_content_is_a_conflict_that_says_what_differs(
        self, create: Call, call: Call
    ) -> None:
        first = create("1", version=1)

        with pytest.raises(
            Conflict, match=r"version '1' with other content \(it differs in: path\)"
        ):
            create("2", version=1)

        assert call("data.get", name="iris") == first

    def test_all_versions_share_a_type(self, create: Call, keep: Callable[..., str]) -> None:
        create()

        with pytest.raises(Conflict, match="versions of 'iris' are uri_file"):
            create(type="uri_folder", path=keep(a="1"))

    def test_every_change_is_an_event(self, create: Call, call: Call, room: Workroom) -> None:
        create()
        call("data.update", name="iris", description="Flowers")
        call("data.set_label", name="iris", version="1", label="good")
        call("data.archive", name="iris", version="1")

        told = [e.subject for e in room.store.events() if e.subject.startswith("data:")]
        assert told == ["data:iris", "data:iris@1", "data:iris", "data:iris@1"]


class TestLabels:
    def test_latest_is_the_last_created_and_not_the_highest(self, create: Call, call: Call) -> None:
        create("1", version=9)
        create("2", version=3)

        assert call("data.get", name="iris", label="latest").version == "3"
        assert call("data.get", name="iris").latest

    def test_labels_move_and_go(self, create: Call, call: Call) -> None:
        create("1")
        create("2")
        call("data.set_label", name="iris", version="2", label="prod")
        moved = call("data.set_label", name="iris", version="1", label="prod")

        assert moved.labels == ["prod"]
        assert call("data.get", name="iris", label="prod").version == "1"
        assert call("data.get", name="iris", version="2").labels == []
        call("data.delete_label", name="iris", label="prod")
        with pytest.raises(NotFound, match=r"no label 'prod' of data 'iris' \(there are: latest\)"):
            call("data.get", name="iris", label="prod")

    @pytest.mark.parametrize("label", ["latest", "", "1", "a b", "a/b"])
    def test_what_cannot_be_a_label(self, create: Call, call: Call, label: str) -> None:
        create()
        with pytest.raises(Invalid, match="cannot be a label"):
            call("data.set_label", name="iris", version="1", label=label)


class TestLists:
    def test_newest_of_each_or_all_of_one_in_pages(self, create: Call, call: Call) -> None:
        for text in "123":
            create(text)
        create(name="wine", tags={"team": "red"})

        def names(**options: Any) -> list[tuple[str, str]]:
            return [(a.name, a.version) for a in call("data.list", **options).items]

        assert names() == [("wine", "1"), ("iris", "3")]
        assert names(tag="team=red") == names(tag="team") == [("wine", "1")]
        assert names(tag="team=blue") == []
        first = call("data.list", name="iris", max_results=2)
        assert [a.version for a in first.items] == ["3", "2"]
        last = call("data.list", name="iris", max_results=2, page_token=first.next_page_token)
        assert [a.version for a in last.items] == ["1"]
        assert last.next_page_token is None

    def test_archived_ones_are_hidden_and_still_lead_somewhere(
        self, create: Call, call: Call
    ) -> None:
        create("1")
        create("2")
        call("data.archive", name="iris", version="2")
        assert [a.version for a in call("data.list", name="iris").items] == ["1"]
        assert call("data.get", name="iris").version == "1"
        assert call("data.get", name="iris", version="2").archived

        call("data.archive", name="iris")
        assert call("data.list").items == []
        assert len(call("data.list", name="iris", view="archived").items) == 2
        call("data.restore", name="iris")
        assert [a.version for a in call("data.list", name="iris").items] == ["1"]

    @pytest.mark.parametrize("wrong", [{"max_results": 0}, {"page_token": "x"}])
    def test_wrong_pages(self, call: Call, wrong: dict[str, Any]) -> None:
        with pytest.raises(Invalid):
            call("data.list", **wrong)


class TestChecks:
    @pytest.mark.parametrize(
        ("noun", "fields", "message"),
        [
            ("data", {"type": "uri_folder"}, "a uri_folder is a folder"),
            ("data", {"type": "mltable"}, "a mltable is a folder"),
            ("data", {"path": "snapshot:" + "0" * 64}, "There is no snapshot"),
            ("data", {"path": "data.csv"}, "was not sent along"),
            ("data", {"path": "runs:/nobody/x"}, "path"),
            ("data", {"path": "azureml:iris:1"}, "is no address"),
            ("models", {"path": "https://example.org/m.pkl"}, "is no address"),
            ("models", {"version": "1.0"}, "version"),
            ("models", {"type": "mlflow_model"}, "a mlflow_model is a folder"),
        ],
    )
    def test_nothing_is_stored_of_what_is_wrong(
        self, create: Call, call: Call, noun: str, fields: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(Invalid, match=message):
            create(noun=noun, **fields)
        assert call(f"{noun}.list", view="all").items == []

    def test_validate_stores_nothing(self, call: Call, keep: Callable[..., str]) -> None:
        good = {"name": "iris", "type": "uri_file", "path": keep(is_file=True, a="1")}
        assert call("data.validate", asset=good).passed
        assert call("data.validate", asset={**good, "typo": 1}).errors[0]["field"] == "typo"
        assert call("data.list").items == []

    def test_an_address_is_kept_by_reference(self, create: Call, call: Call) -> None:
        made = create(path="https://example.org/iris.csv")
        assert made.path == "https://example.org/iris.csv"
        with pytest.raises(NotFound, match=r"There is nothing at 'https://example.org/iris.csv'"):
            call("data.list_files", name="iris")

    def test_readers_read(self, ws: Workspace, create: Call) -> None:
        create()
        reader = ws.of(Principal(name="eve", role="Reader"))
        get = operations.prepare(operations.find("data.get"), reader, {"name": "iris"})
        assert get().version == "1"
        with pytest.raises(Denied):
            operations.prepare(operations.find("data.archive"), reader, {"name": "iris"})


class TestComponents:
    def test_unknown_keys_are_kept_and_told(self, call: Call) -> None:
        said = {
            "name": "train",
            "command": "true",
            "outputs": {"m": {"type": "uri_folder"}},
            "x": 1,
        }
        assert call("components.validate", asset=said).warnings == [
            "'x' is no known field; it is kept as it is."
        ]
        made = call("components.create_or_update", asset=said)
        assert (made.type, made.version, made.command, made.x) == ("command", "1", "true", 1)


class TestJobs:
    def test_a_label_is_made_exact_and_the_edge_is_kept(
        self, create: Call, call: Call, room: Workroom
    ) -> None:
        create("old")
        create("new")
        name = room.submit(
            command="cat ${{inputs.d}}",
            inputs={"d": {"type": "uri_file", "path": "azureml:iris@latest"}},
        )
        room.wait(name, Status.COMPLETED)

        assert call("jobs.get", name=name).inputs["d"]["path"] == "azureml:iris:2"
        assert call("jobs.read_log", name=name).text == "new"
        edges = room.store.edges(f"run:{name}", outgoing=False)
        assert ("data:iris@2", "input", f"run:{name}", {"inputs": ["d"]}) in edges

    def test_inputs_cannot_be_written(self, create: Call, room: Workroom) -> None:
        create("x")
        name = room.submit(
            command="test ! -w ${{inputs.d}} || test $(id -u) = 0",
            inputs={"d": {"type": "uri_file", "path": "azureml:iris:1", "mode": "download"}},
        )
        room.wait(name, Status.COMPLETED)

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"path": "azureml:nothing:1"}, "There is no data 'nothing'"),
            ({"path": "azureml:iris:7"}, "There is no version '7'"),
            ({"path": "azureml:iris@gold"}, "There is no label 'gold'"),
            ({"path": "azureml:iris:1", "type": "uri_folder"}, "say 'type: uri_file'"),
        ],
    )
    def test_references_that_lead_nowhere(
        self, create: Call, room: Workroom, given: dict[str, Any], message: str
    ) -> None:
        create()
        with pytest.raises(Invalid, match=message):
            room.submit(command="true", inputs={"d": {"type": "uri_file", **given}})

    def test_a_named_output_becomes_a_version_with_the_job(
        self, call: Call, room: Workroom
    ) -> None:
        outputs = {
            "m": {"type": "custom_model", "name": "net"},
            "t": {"type": "uri_file", "name": "t"},
        }
        command = "echo w > ${{outputs.m}}/w.bin; echo t > ${{outputs.t}}"
        name = room.submit(command=command, outputs=outputs)
        room.wait(name, Status.COMPLETED)

        model = call("models.get", name="net")
        assert (model.version, model.job_name, model.type) == ("1", name, "custom_model")
        assert [f.path for f in call("models.list_files", name="net")] == ["w.bin"]
        assert call("data.get", name="t").type == "uri_file"
        edges = room.store.edges(f"run:{name}")
        assert (f"run:{name}", "output", "model:net@1", {}) in edges

        reader = room.submit(
            command="cat ${{inputs.m}}/w.bin",
            inputs={"m": {"type": "custom_model", "path": "models:/net/1"}},
        )
        room.wait(reader, Status.COMPLETED)
        assert call("jobs.read_log", name=reader).text == "w\n"

    def test_a_missing_output_fails_the_job_and_registers_nothing(
        self, call: Call, room: Workroom
    ) -> None:
        outputs = {
            "a": {"type": "uri_folder", "name": "a"},
            "b": {"type": "uri_folder", "name": "b"},
        }
        name = room.submit(command="echo 1 > ${{outputs.a}}/x", outputs=outputs)
        room.wait(name, Status.FAILED)

        assert "Output 'b' cannot be registered" in call("jobs.get", name=name).error.message
        assert call("data.list", view="all").items == []

    @pytest.mark.parametrize(
        ("output", "message"),
        [
            ({"version": 1}, "a version needs a `name`"),
            ({"name": "a b"}, "outputs.x.name"),
            ({"name": "iris", "version": 1, "type": "uri_file"}, "version '1' already"),
            ({"name": "iris"}, "versions of 'iris' are uri_file"),
        ],
    )
    def test_wrong_outputs_are_refused_before_the_job_runs(
        self, create: Call, room: Workroom, output: dict[str, Any], message: str
    ) -> None:
        create()
        with pytest.raises(Invalid, match=message):
            room.submit(command="true", outputs={"x": output})


def test_stages_move(create: Call, call: Call) -> None:
    create(noun="models", stage="Development")
    assert call("models.get", name="iris").stage == "Development"
    assert call("models.set_stage", name="iris", version="1", stage="Production").version == "1"
    assert create(noun="models", version=1).stage == "Production"
    with pytest.raises(Invalid):
        call("models.set_stage", name="iris", version="1", stage="")
