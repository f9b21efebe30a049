"""Data on real servers: read, previewed, profiled, consumed by jobs and written by them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_mlws.entities.errors import Conflict, NotFound
from jupyter_mlws.entities.job import Job
from jupyter_mlws.entities.run import Status
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.testing.jobs import Workroom
from tests.peers import ACCOUNT, Peer

Call = Callable[..., Any]
CSV = "city,people\nOslo,709\nTokyo,14094\n"


@pytest.fixture
def blobs(azurite: Peer, call: Call) -> str:
    """A datastore on Azurite with `towns/a.csv` and `towns/deep/b.csv`; answers its name."""
    from azure.storage.blob import BlobServiceClient

    with BlobServiceClient(azurite.url, credential=azurite.secret) as service:
        container = service.get_container_client("towns")
        if not container.exists():
            container.create_container()
        container.upload_blob("towns/a.csv", CSV, overwrite=True)
        container.upload_blob("towns/deep/b.csv", "city,people\nParis,2103\n", overwrite=True)
    made = {
        "type": "azure_blob",
        "name": "azure",
        "account_name": ACCOUNT,
        "container_name": "towns",
        "endpoint": azurite.url,
        "credentials": {"account_key": azurite.secret},
    }
    call("datastores.create_or_update", datastore=made)
    return "azure"


@pytest.fixture
def bucket(s3: Peer, call: Call) -> str:
    """A datastore on S3 with the same files."""
    import boto3

    keys = {"aws_access_key_id": "AKIAMLWS", "aws_secret_access_key": s3.secret}
    client = boto3.client("s3", endpoint_url=s3.url, region_name="us-east-1", **keys)
    client.create_bucket(Bucket="towns")
    client.put_object(Bucket="towns", Key="towns/a.csv", Body=CSV.encode())
    client.put_object(Bucket="towns", Key="towns/deep/b.csv", Body=b"city,people\nParis,2103\n")
    client.close()
    made = {
        "type": "s3",
        "name": "amazon",
        "bucket": "towns",
        "endpoint": s3.url,
        "region": "us-east-1",
        "credentials": {"access_key_id": "AKIAMLWS", "secret_access_key": s3.secret},
    }
    call("datastores.create_or_update", datastore=made)
    return "amazon"


@pytest.fixture
def database(postgres: Peer, call: Call) -> str:
    """A datastore on PostgreSQL with the table `towns`; answers its name."""
    import psycopg

    with psycopg.connect(postgres.url, password=postgres.secret) as connection:
        connection.execute("DROP TABLE IF EXISTS towns")
        connection.execute("CREATE TABLE towns (city text, people numeric, seen timestamptz)")
        connection.execute("INSERT INTO towns VALUES ('Oslo', 709.5, now()), ('Tokyo', NULL, NULL)")
    made = {
        "type": "sql",
        "name": "rows",
        "url": postgres.url,
        "credentials": {"password": postgres.secret},
    }
    call("datastores.create_or_update", datastore=made)
    return "rows"


@pytest.fixture(params=["blobs", "bucket"])
def store(request: pytest.FixtureRequest) -> str:
    """A datastore of each kind, by name."""
    name: str = request.getfixturevalue(request.param)
    return name


class TestFiles:
    def test_a_datastore_is_browsed_and_its_files_are_read(self, store: str, call: Call) -> None:
        assert call("datastores.check", name=store).reachable
        top = call("datastores.list_files", name=store, path="towns")
        assert [(entry.path, entry.is_folder) for entry in top] == [
            ("towns/deep", True),
            ("towns/a.csv", False),
        ]
        found = call("datastores.read_file", name=store, path="towns/a.csv")
        assert found.path.read_text() == CSV
        with pytest.raises(NotFound, match="There is nothing"):
            call("datastores.read_file", name=store, path="towns/none.csv")

    def test_its_tables_are_previewed(self, store: str, call: Call) -> None:
        found = call("datastores.preview", name=store, path="towns/a.csv")
        assert [column.name for column in found.columns] == ["city", "people"]
        assert found.rows == [["Oslo", 709], ["Tokyo", 14094]]

    def test_a_version_lies_there_and_is_previewed_and_profiled(
        self, store: str, call: Call
    ) -> None:
        asset = {
            "name": "towns",
            "type": "uri_folder",
            "path": f"azureml://datastores/{store}/paths/towns/",
        }
        assert call("data.create_or_update", asset=asset).path == asset["path"]
        files = call("data.list_files", name="towns")
        assert sorted(file.path for file in files) == ["a.csv", "deep/b.csv"]
        assert call("data.preview", name="towns").rows[-1] == ["Paris", 2103]
        done = finished(call, "data.profile", name="towns")
        assert done.profile.n_rows == 3
        assert done.profile.columns[1].max == 14094

    def test_a_job_reads_files_that_fit_a_pattern_and_writes_back(
        self, store: str, room: Workroom, call: Call
    ) -> None:
        job = room.run(
            command="find -L ${{inputs.all}} -type f | sort | xargs cat > ${{outputs.sum}}/all.csv",
            inputs={"all": {"path": f"azureml://datastores/{store}/paths/towns/**/*.csv"}},
            outputs={
                "sum": {
                    "path": f"azureml://datastores/{store}/paths/made/${{{{name}}}}/${{{{output_name}}}}"
                }
            },
        )

        assert job.error is None
        place = f"made/{job.name}/sum/all.csv"
        text = call("datastores.read_file", name=store, path=place).path.read_text()
        assert text == CSV + "city,people\nParis,2103\n"

    def test_an_mltable_reads_files_of_a_datastore(
        self, store: str, room: Workroom, call: Call
    ) -> None:
        table = (
            f"paths:\n- pattern: azureml://datastores/{store}/paths/towns/**/*.csv\n"
            "transformations:\n- read_delimited\n- filter: 'col(\"people\") > 1000'\n"
        )
        asset = {
            "name": "large",
            "type": "mltable",
            "path": room.snapshot({"MLTable": table.encode()}),
        }
        call("data.create_or_update", asset=asset)
        cities = sorted(row[0] for row in call("data.preview", name="large").rows)
        assert cities == ["Paris", "Tokyo"]

        job = room.run(
            command="find ${{inputs.t}} -type f | wc -l",
            inputs={"t": {"type": "mltable", "mode": "eval_mount", "path": "azureml:large:1"}},
        )
        assert room.log(job.name).strip() == b"2"

    def test_wrong_credentials_are_told_without_them(self, azurite: Peer, call: Call) -> None:
        wrong = "d3Jvbmcta2V5LXRoYXQtbXVzdC1ub3QtYmUtc2Vlbg=="
        made = {
            "type": "azure_blob",
            "name": "closed",
            "account_name": ACCOUNT,
            "container_name": "towns",
            "endpoint": azurite.url,
            "credentials": {"account_key": wrong},
        }
        call("datastores.create_or_update", datastore=made)
        answer = call("datastores.check", name="closed")
        assert not answer.reachable
        assert answer.message
        assert wrong not in answer.message


class TestLocal:
    @pytest.fixture
    def folder(self, tmp_path: Path, call: Call) -> Path:
        """A folder that is a datastore of type file."""
        folder = tmp_path / "share"
        (folder / "in").mkdir(parents=True)
        (folder / "in" / "a.csv").write_text(CSV)
        made = {"type": "file", "name": "share", "path": str(folder)}
        call("datastores.create_or_update", datastore=made)
        return folder

    def test_mounted_data_is_a_link_and_downloaded_data_a_copy(
        self, folder: Path, room: Workroom
    ) -> None:
        given = {"type": "uri_folder", "path": "azureml://datastores/share/paths/in"}
        mounted = room.run(command="readlink -f ${{inputs.x}}", inputs={"x": given})
        copied = room.run(
            command="readlink -f ${{inputs.x}}", inputs={"x": {**given, "mode": "download"}}
        )
        assert room.log(mounted.name).decode().strip() == str((folder / "in").resolve())
        assert str(folder) not in room.log(copied.name).decode()

    def test_direct_passes_the_address(self, folder: Path, room: Workroom) -> None:
        address = "azureml://datastores/share/paths/in/a.csv"
        given = {"type": "uri_file", "path": address, "mode": "direct"}
        job = room.run(command="echo ${{inputs.x}}", inputs={"x": given})
        assert room.log(job.name).decode().strip() == address

    def test_what_is_not_there_fails_the_job_and_says_so(
        self, folder: Path, room: Workroom
    ) -> None:
        given = {"type": "uri_file", "path": "azureml://datastores/share/paths/none.csv"}
        job = room.run(command="true", inputs={"x": given})
        assert job.status is Status.FAILED
        assert job.error
        assert "There is nothing at 'none.csv' of datastore 'share'" in job.error.message

    def test_an_output_goes_to_the_default_datastore(
        self, folder: Path, room: Workroom, call: Call, ws: Workspace
    ) -> None:
        path = (
            "azureml://datastores/${{default_datastore}}/paths/azureml/${{name}}/${{output_name}}/"
        )
        out = {"o": {"type": "uri_folder", "path": path}}
        first = room.run(command="echo 1 > ${{outputs.o}}/x", outputs=out)
        call("datastores.set_default", name="share")
        second = room.run(command="echo 2 > ${{outputs.o}}/x", outputs=out)
        own = ws.path / "datastores" / "workspaceblobstore" / "azureml" / first.name / "o" / "x"
        assert own.read_text() == "1\n"
        assert (folder / "azureml" / second.name / "o" / "x").read_text() == "2\n"

    def test_local_files_are_copied_to_the_datastore_that_is_named(
        self, folder: Path, room: Workroom, call: Call
    ) -> None:
        asset = {
            "name": "there",
            "type": "uri_file",
            "datastore": "azureml:share",
            "path": room.snapshot({"x.csv": CSV.encode()}, is_file=True),
        }
        made = call("data.create_or_update", asset=asset)
        assert made.path.startswith("azureml://datastores/share/paths/LocalUpload/")
        assert next(folder.glob("LocalUpload/*/x.csv")).read_text() == CSV

    def test_the_workspace_itself_cannot_be_read_through_a_datastore(
        self, ws: Workspace, call: Call
    ) -> None:
        (ws.path / "secrets.key").write_text("key")
        made = {"type": "file", "name": "own", "path": str(ws.path.parent)}
        call("datastores.create_or_update", datastore=made)
        for path in ("workspace/secrets.key", "workspace", "workspace/workspace.db"):
            answer = call("datastores.list_files", name="own")
            assert all(not entry.path.startswith("workspace") for entry in answer)
            with pytest.raises(Exception, match="part of the workspace itself"):
                call("datastores.read_file", name="own", path=path)

    def test_a_datastore_with_data_on_it_stays_until_force(self, folder: Path, call: Call) -> None:
        asset = {"name": "a", "type": "uri_folder", "path": "azureml://datastores/share/paths/in"}
        call("data.create_or_update", asset=asset)
        with pytest.raises(Conflict, match=r"a:1"):
            call("datastores.delete", name="share")
        call("datastores.delete", name="share", force=True)
        with pytest.raises(NotFound, match="no datastore 'share'"):
            call("datastores.get", name="share")

    def test_those_that_every_workspace_has_stay(self, call: Call) -> None:
        names = [item.name for item in call("datastores.list")]
        assert names[:2] == ["workspaceblobstore", "workspaceartifactstore"]
        assert call("datastores.get_default").name == "workspaceblobstore"
        with pytest.raises(Conflict):
            call("datastores.delete", name="workspaceblobstore")


class TestDatabases:
    def test_rows_are_brought_in_as_a_version(
        self, database: str, room: Workroom, call: Call
    ) -> None:
        said = {
            "name": "towns",
            "type": "mltable",
            "source": {
                "type": "database",
                "connection": f"azureml:{database}",
                "query": "SELECT * FROM towns",
            },
        }
        job = brought_in(room, call, said)
        first = call("data.get", name="towns")
        assert (first.version, first.type) == ("1", "mltable")
        found = call("data.preview", name="towns")
        assert [column.name for column in found.columns] == ["city", "people", "seen"]
        assert [row[0] for row in found.rows] == ["Oslo", "Tokyo"]
        run = call("runs.get", run_id=job.name)
        assert run.metrics["rows"] == 2
        assert run.params["query"] == "SELECT * FROM towns"
        brought_in(room, call, said)
        assert call("data.get", name="towns", label="latest").version == "2"

    def test_its_tables_are_listed(self, database: str, call: Call) -> None:
        assert call("datastores.check", name=database).reachable
        assert "towns" in [e.path for e in call("datastores.list_files", name=database)]

    def test_a_connection_leads_to_the_database_too(
        self, database: str, postgres: Peer, call: Call, room: Workroom
    ) -> None:
        made = {
            "name": "pg",
            "type": "azure_postgres_db",
            "target": postgres.url.replace("mlws@", ""),
            "credentials": {
                "type": "username_password",
                "username": "mlws",
                "password": postgres.secret,
            },
        }
        shown = call("connections.create_or_update", connection=made)
        assert shown.credentials == {"type": "username_password", "username": "mlws"}
        assert shown.secrets == ["password"]
        said = {
            "name": "counted",
            "type": "uri_folder",
            "source": {"connection": "azureml:pg", "table_name": "public.towns"},
            "path": "azureml://datastores/workspaceblobstore/paths/imports/${{name}}",
        }
        job = brought_in(room, call, said)
        assert len(call("data.preview", name="counted").rows) == 2
        copied = call(
            "datastores.list_files", name="workspaceblobstore", path=f"imports/{job.name}"
        )
        assert [entry.path.rpartition("/")[2] for entry in copied] == ["data.parquet"]

    @pytest.mark.parametrize(
        ("query", "message"),
        [
            ("SELECT nothing FROM towns", "nothing"),
            ("SELEC 1", "syntax"),
            ("CREATE TABLE IF NOT EXISTS made_by_import (x int)", "syntax"),
        ],
    )
    def test_a_query_that_is_refused_leaves_nothing(
        self, database: str, room: Workroom, call: Call, query: str, message: str
    ) -> None:
        said = {
            "name": "bad",
            "source": {"type": "database", "connection": database, "query": query},
        }
        job = brought_in(room, call, said, Status.FAILED)
        assert job.error
        assert message in job.error.message
        assert call("data.list").items == []

    def test_a_wrong_password_is_told_without_it(
        self, postgres: Peer, database: str, room: Workroom, call: Call
    ) -> None:
        made = {
            "type": "sql",
            "name": "shut",
            "url": postgres.url,
            "credentials": {"password": "wrong-password-1"},
        }
        call("datastores.create_or_update", datastore=made)
        said = {
            "name": "x",
            "source": {"type": "database", "connection": "shut", "query": "SELECT 1"},
        }
        job = brought_in(room, call, said, Status.FAILED)
        assert job.error
        assert "password authentication failed" in job.error.message
        left = [path.read_bytes() for path in room.path.rglob("*") if path.is_file()]
        assert not any(b"wrong-password-1" in content for content in left)

    def test_files_of_another_storage_are_brought_in(
        self, bucket: str, room: Workroom, call: Call
    ) -> None:
        said = {
            "name": "files",
            "type": "uri_folder",
            "source": {"type": "file_system", "connection": f"azureml:{bucket}", "path": "towns"},
        }
        brought_in(room, call, said)
        assert call("data.get", name="files").type == "uri_folder"
        files = call("data.list_files", name="files")
        assert sorted(file.path for file in files) == ["a.csv", "deep/b.csv"]

    def test_sqlite_is_a_database_too(self, tmp_path: Path, room: Workroom, call: Call) -> None:
        import sqlite3

        with sqlite3.connect(tmp_path / "x.db") as connection:
            connection.execute("CREATE TABLE t (a INTEGER, b TEXT)")
            connection.executemany("INSERT INTO t VALUES (?, ?)", [(1, "x"), (None, "y")])
        connection.close()
        made = {"type": "sql", "name": "lite", "url": f"sqlite:///{tmp_path}/x.db"}
        call("datastores.create_or_update", datastore=made)
        said = {
            "name": "t",
            "source": {"connection": "lite", "query": "SELECT * FROM t WHERE b > ':a'"},
        }
        brought_in(room, call, said)
        assert call("data.preview", name="t").rows == [[1, "x"], [None, "y"]]


def brought_in(
    room: Workroom, call: Call, said: dict[str, Any], status: Status = Status.COMPLETED
) -> Job:
    """The ended job of an import."""
    job = room.wait(call("data.import_data", data_import=said).name)
    assert job.status is status, job.error
    return job


def finished(call: Call, operation: str, **arguments: Any) -> Any:
    """What is worked out, once it is."""
    while True:
        found = call(operation, wait_s=20, **arguments)
        if found.state != "running":
            assert found.error is None
            return found
