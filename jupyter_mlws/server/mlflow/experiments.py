"""Experiments."""

from __future__ import annotations

from jupyter_mlws.entities.errors import AlreadyExists, NotFound
from jupyter_mlws.server.mlflow import limits
from jupyter_mlws.server.mlflow.table import Call, endpoint
from jupyter_mlws.server.mlflow.wire import Fields, Json, Refused, absent, invalid, pairs, taken
from jupyter_mlws.store.base import ExperimentRow, ViewType

VIEWS = {1: "ACTIVE_ONLY", 2: "DELETED_ONLY", 3: "ALL"}
OUR_VIEWS: dict[str | None, ViewType] = {
    None: "active",
    "ACTIVE_ONLY": "active",
    "DELETED_ONLY": "archived",
    "ALL": "all",
}


@endpoint("POST", "experiments/create", "experiments/write")
def create(call: Call) -> Json:
    """Make an experiment."""
    name = call.fields.required("name")
    location = call.fields.text("artifact_location")
    limits.check_experiment_name(name)
    if location:
        limits.check_location(location)
    tags = dict(read_tag(tag) for tag in call.fields.objects("tags"))
    if call.store.find_experiment(name):
        raise _exists(name)
    try:
        with call.store.change(call.who, "experiments/write", f"experiment:{name}") as tx:
            experiment_id = tx.create_experiment(
                name, artifact_location=location or None, tags=tags
            )
            tx.note(created=True, experiment_id=experiment_id)
    except AlreadyExists:
        raise _exists(name) from None
    return {"experiment_id": str(experiment_id)}


@endpoint("GET", "experiments/get", "experiments/read")
def get(call: Call) -> Json:
    """One experiment."""
    return {"experiment": view_of(find(call, call.fields))}


@endpoint("GET", "experiments/get-by-name", "experiments/read")
def get_by_name(call: Call) -> Json:
    """The experiment of a name, a deleted one too."""
    name = call.fields.required("experiment_name")
    row = call.store.find_experiment(name)
    if row is None:
        raise absent(f"Could not find experiment with name '{name}'")
    return {"experiment": view_of(row)}


@endpoint("POST", "experiments/search", "experiments/read", heavy=True)
@endpoint("GET", "experiments/search", "experiments/read", heavy=True)
def search(call: Call) -> Json:
    """Experiments that match a filter."""
    if not call.fields.has("max_results"):
        raise invalid(
            "Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer"
        )
    rows, token = call.store.search_experiments(
        filter=call.fields.text("filter") or "",
        order_by=call.fields.texts("order_by"),
        view=OUR_VIEWS[call.fields.enum("view_type", VIEWS)],
        max_results=call.fields.max_results(1000, 50_000),
        page_token=call.fields.text("page_token") or None,
    )
    answer: Json = {"experiments": [view_of(row) for row in rows]} if rows else {}
    return {**answer, "next_page_token": token} if token else answer


@endpoint("POST", "experiments/update", "experiments/write")
def update(call: Call) -> Json:
    """Rename an experiment."""
    row = find(call, call.fields)
    name = call.fields.required("new_name")
    limits.check_experiment_name(name)
    _no_job(call, row)
    require_active(row)
    if name == row.name:
        return {}
    if call.store.find_experiment(name):
        raise _exists(name)
    with call.store.change(
        call.who, "experiments/write", f"experiment:{row.name}", renamed_to=name
    ) as tx:
        tx.update_experiment(row.experiment_id, name=name)
    return {}


@endpoint("POST", "experiments/delete", "experiments/write")
def delete(call: Call) -> Json:
    """Mark an experiment and its runs deleted."""
    return _set_archived(call, True)


@endpoint("POST", "experiments/restore", "experiments/write")
def restore(call: Call) -> Json:
    """Take back the deletion of an experiment and of all its runs."""
    return _set_archived(call, False)


@endpoint("POST", "experiments/set-experiment-tag", "experiments/write")
def set_tag(call: Call) -> Json:
    """Set a tag."""
    row = find(call, call.fields)
    call.fields.required("key")
    key, value = read_tag(call.fields)
    require_active(row)
    with call.store.change(
        call.who, "experiments/write", f"experiment:{row.name}", tags={key: value}
    ) as tx:
        tx.update_experiment(row.experiment_id, tags={key: value})
    return {}


@endpoint("POST", "experiments/delete-experiment-tag", "experiments/write")
def delete_tag(call: Call) -> Json:
    """Drop a tag."""
    row = find(call, call.fields)
    key = call.fields.required("key")
    require_active(row)
    if key not in row.tags:
        raise absent(f"No tag with name: {key} in experiment with id {row.experiment_id}")
    with call.store.change(
        call.who, "experiments/write", f"experiment:{row.name}", dropped_tags=[key]
    ) as tx:
        tx.update_experiment(row.experiment_id, drop_tags=[key])
    return {}


def experiment_id_of(text: str) -> int:
    """The number of an experiment.

    Raises:
        Refused: it is none.
    """
    try:
        found = int(text)
    except ValueError:
        raise _not_integer(text) from None
    if not 0 <= found < 2**63:
        raise absent(f"No Experiment with id={text} exists")
    return found


def find(call: Call, fields: Fields, field: str = "experiment_id") -> ExperimentRow:
    """The experiment that a field names.

    Raises:
        Refused: it is missing, no number, or there is none.
    """
    experiment_id = experiment_id_of(fields.required(field))
    try:
        return call.store.get_experiment(experiment_id)
    except NotFound:
        raise _none(experiment_id) from None


def require_active(row: ExperimentRow) -> None:
    """Refuse to write to a deleted experiment."""
    if row.archived:
        raise invalid(
            f"The experiment {row.experiment_id} must be in the 'active' state. "
            "Current state is deleted."
        )


def read_tag(fields: Fields) -> tuple[str, str]:
    """Key and value of an experiment's tag."""
    key = fields.text("key") or ""
    value = fields.text("value") or ""
    limits.check_key(key, "key", "key")
    limits.check_length("value", value, limits.EXPERIMENT_TAG_LENGTH)
    return key, value


def view_of(row: ExperimentRow) -> Json:
    """The experiment as the protocol answers it."""
    view: Json = {
        "experiment_id": str(row.experiment_id),
        "name": row.name,
        "artifact_location": row.artifact_location,
        "lifecycle_stage": "deleted" if row.archived else "active",
        "workspace": "default",
        "last_update_time": row.updated_ms,
        "creation_time": row.created_ms,
    }
    if row.tags:
        view["tags"] = pairs(row.tags)
    return view


def _set_archived(call: Call, archived: bool) -> Json:
    row = find(call, call.fields)
    _no_job(call, row)
    if row.archived == archived:
        raise _none(row.experiment_id)
    with call.store.change(
        call.who, "experiments/write", f"experiment:{row.name}", archived=archived
    ) as tx:
        tx.update_experiment(row.experiment_id, archived=archived)
    return {}


def _no_job(call: Call, row: ExperimentRow) -> None:
    if call.principal.run_id is not None:
        raise Refused(
            "PERMISSION_DENIED",
            f"The token of job '{call.principal.run_id}' may not change experiment '{row.name}'.",
        )


def _exists(name: str) -> Refused:
    return taken(f"Experiment(name={name}) already exists. Error: the name is in use.")


def _none(experiment_id: int) -> Refused:
    return absent(f"No Experiment with id={experiment_id} exists")


def _not_integer(text: str) -> Refused:
    return invalid(f"Invalid experiment ID '{text}'. Experiment ID must be a valid integer.")
