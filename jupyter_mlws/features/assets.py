"""What can be asked of every kind of asset; a noun's module binds these verbs in a line.

`bind("models", "model", model_spec, module=__name__)` makes `models.create_or_update`, `models.get` …
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Literal

from jupyter_mlws.entities.asset import LATEST, Asset, AssetFile, AssetSpec
from jupyter_mlws.entities.environment import ANONYMOUS
from jupyter_mlws.entities.errors import AlreadyExists, Conflict, Invalid, NotFound
from jupyter_mlws.entities.record import CreationContext, Page, from_ms
from jupyter_mlws.entities.registry import KEPT, reference_of
from jupyter_mlws.execution import assets, contents
from jupyter_mlws.execution.registries import Shelf, elsewhere
from jupyter_mlws.features import sharing
from jupyter_mlws.features.datastores import scratch_file
from jupyter_mlws.features.jobs import Validation
from jupyter_mlws.features.operations import Download, operation
from jupyter_mlws.features.workspace import Workspace
from jupyter_mlws.store.base import Record

MAX_RESULTS = 1000
PROMPT = "mlflow.prompt.is_prompt"
"""Tag by which MLflow tells that an entry of its registry is a prompt and no model."""
HIDDEN = frozenset({ANONYMOUS})
"""Names under which assets are kept that nobody gave a name."""
Read = Callable[[dict[str, Any]], AssetSpec]
Settle = Callable[[Workspace, AssetSpec], list[str]]


def bind(
    noun: str,
    kind: str,
    read: Read,
    *,
    module: str,
    advise: Callable[[AssetSpec], list[str]] = lambda spec: [],
    settle: Settle = lambda ws, spec: [],
) -> None:
    """Make the verbs of assets operations of `noun`.

    Args:
        kind: of the records.
        read: a document as the spec of this noun.
        settle: checks and completes a spec with what only the workspace knows; answers warnings.
        module: the noun's own, whose docstring is the help of its commands.
        advise: what `validate` tells of a spec that can be created.
    """

    def create_or_update(ws: Workspace, asset: dict[str, Any]) -> Asset:
        """Create a version; equal content under the same version is the same version.

        Args:
            asset: as its YAML says it; local paths are snapshot references by now.
        Raises:
            Invalid: a field is wrong; nothing is stored.
            Conflict: the version is there with other content.
        """
        spec = read(_brought(ws, asset))
        settle(ws, spec)
        return create(ws, kind, spec)

    def validate(ws: Workspace, asset: dict[str, Any]) -> Validation:
        """Check an asset as `create` would, and store nothing."""
        try:
            spec = read(_brought(ws, asset))
            said = settle(ws, spec)
            made = _draft(ws, kind, spec)
            found = ws.store.find_record(kind, spec.name, spec.version or "")
            if spec.version and found:
                _require_equal(found, made)
        except (Invalid, Conflict) as error:
            problems = [asdict(problem) for problem in error.problems]
            plain = [{"message": error.message, "field": "version", "line": None, "file": None}]
            return Validation(passed=False, errors=problems or plain, warnings=[])
        unknown = sorted(spec.model_extra or ())
        warnings = [f"'{key}' is no known field; it is kept as it is." for key in unknown]
        return Validation(passed=True, errors=[], warnings=[*warnings, *said, *advise(spec)])

    def list_(
        ws: Workspace,
        tag: str | None = None,
        name: str | None = None,
        view: Literal["active", "archived", "all"] = "active",
        max_results: int = 50,
        page_token: str | None = None,
    ) -> Page[Asset]:
        """The newest version of each, or all versions of one; newest first.

        Args:
            tag: only those with this tag, as NAME or NAME=VALUE.
            name: list all versions of this one.
            max_results: 1 to 1000.
        """
        if not 1 <= max_results <= MAX_RESULTS:
            raise Invalid.field("max_results", f"must be 1 to {MAX_RESULTS} (got {max_results}).")
        if page_token is not None and not page_token.isdecimal():
            raise Invalid.field("page_token", f"'{page_token:.40}' is no token of a page.")
        found = [row for row in newest(ws, kind, name, view) if _is_tagged(row, tag)]
        start = int(page_token or 0)
        page = found[start : start + max_results]
        end = start + len(page)
        items = [shown(ws, row) for row in page]
        return Page[Asset](items=items, next_page_token=str(end) if end < len(found) else None)

    def get(
        ws: Workspace, name: str, version: str | None = None, label: str | None = None
    ) -> Asset:
        """One version; the latest when neither version nor label is named.

        Raises:
            NotFound: there is none.
        """
        return shown(ws, assets.find(ws.store, kind, name, version, label))

    def update(
        ws: Workspace,
        name: str,
        version: str | None = None,
        description: str | None = None,
        tags: dict[str, str] | None = None,
    ) -> Asset:
        """Change what may change of a version; of the latest when none is named.

        Args:
            tags: tags to be set; others stay.
        """
        found = assets.find(ws.store, kind, name, version)
        return _describe(ws, found, description, tags or {})

    def archive(ws: Workspace, name: str, version: str | None = None) -> list[Asset]:
        """Hide a version, or with none named the whole asset, from lists; references still lead to it."""
        return _set_archived(ws, kind, name, version, True)

    def restore(ws: Workspace, name: str, version: str | None = None) -> list[Asset]:
        """Show an archived version or asset in lists again."""
        return _set_archived(ws, kind, name, version, False)

    def set_label(ws: Workspace, name: str, version: str, label: str) -> Asset:
        """Let a label mean a version, so that `azureml:NAME@LABEL` leads to it.

        Raises:
            Invalid: it is no label, or `latest`, which moves by itself.
        """
        if label == LATEST or not re.fullmatch(r"[A-Za-z][A-Za-z0-9._-]{0,254}", label):
            raise Invalid.field("label", f"'{label:.60}' cannot be a label of one's own.")
        found = assets.find(ws.store, kind, name, version)
        with ws.change(f"{kind}:{name}", label=label, version=found.version) as tx:
            asset = ws.store.get_record(kind, name)
            asset.doc["aliases"][label] = found.version
            tx.put_record(kind, name, asset.doc, archived=asset.archived)
        return shown(ws, assets.find(ws.store, kind, name, version))

    def delete_label(ws: Workspace, name: str, label: str) -> Asset:
        """Drop a label; answers the version that it meant.

        Raises:
            NotFound: there is no such label.
        """
        if label == LATEST:
            raise Invalid.field("label", "'latest' moves by itself and cannot be dropped.")
        found = assets.find(ws.store, kind, name, label=label)
        with ws.change(f"{kind}:{name}", dropped_label=label) as tx:
            asset = ws.store.get_record(kind, name)
            asset.doc["aliases"].pop(label, None)
            tx.put_record(kind, name, asset.doc, archived=asset.archived)
        return shown(ws, found)

    def list_files(ws: Workspace, name: str, version: str | None = None) -> list[AssetFile]:
        """The files of a version; of the latest when none is named.

        Raises:
            NotFound: there is none, or its content lies elsewhere.
        """
        found = held(ws, assets.find(ws.store, kind, name, version))
        return [
            AssetFile(path=file.path, size_bytes=file.size_bytes, stamp=file.stamp)
            for file in found.files
        ]

    def read_file(ws: Workspace, name: str, path: str, version: str | None = None) -> Download:
        """One file of a version; fetched where its content lies elsewhere.

        Raises:
            NotFound: there is no such file.
        """
        found = held(ws, assets.find(ws.store, kind, name, version))
        for file in found.files:
            if file.path == path:
                target = scratch_file(ws)
                place = file.fetch(target)
                return Download(place, path.rpartition("/")[2], is_temporary=place == target)
        raise NotFound(f"There is no '{path}' in {kind} '{name}'.")

    def share(
        ws: Workspace,
        name: str,
        registry_name: str,
        version: str | None = None,
        share_with_name: str | None = None,
        share_with_version: str | None = None,
    ) -> Asset:
        """Put a version, the latest when none is named, into a registry of the service's machine.

        Args:
            share_with_name: its name there; its own when absent.
            share_with_version: its version there; its own when absent.
        Raises:
            NotFound: there is no such version or registry.
            Denied: the caller may not write there.
            Conflict: the registry has that version with other content.
        """
        found = assets.find(ws.store, kind, name, version)
        return sharing.share(
            ws, found, registry_name, share_with_name, share_with_version, create=create
        )

    reading = (validate, list_, get, list_files, read_file)
    writing = (create_or_update, update, archive, restore, set_label, delete_label, share)
    for function in (*reading, *writing):
        function.__module__ = module
        action = f"{noun}/{'read' if function in reading else 'write'}"
        operation(action, in_registries=function is not share)(function)


def create(ws: Workspace, kind: str, spec: AssetSpec) -> Asset:
    """Create a version, or answer the equal one that is there.

    Raises:
        Invalid: a field is wrong; nothing is stored.
        Conflict: the version is there with other content.
    """
    made = _draft(ws, kind, spec)
    if not (spec.version and ws.store.find_record(kind, spec.name, spec.version)):
        try:
            with ws.change(f"{kind}:{spec.name}", created=True) as tx:
                version = assets.add(ws.store, ws.blobs, tx, made, who=ws.principal.name)
            return shown(ws, ws.store.get_record(kind, spec.name, version))
        except AlreadyExists:
            pass  # somebody else was first: what they made is compared
    found = ws.store.get_record(kind, spec.name, spec.version or "")
    _require_equal(found, made)
    return _describe(ws, found, spec.description, spec.tags)


def _brought(ws: Workspace, asset: dict[str, Any]) -> dict[str, Any]:
    """The document with what it names of registries kept here."""
    return ws.registries.bring(asset, Shelf(ws.store, ws.blobs), ws.principal.name)


def _draft(ws: Workspace, kind: str, spec: AssetSpec) -> assets.Draft:
    made = assets.draft(ws.store, ws.blobs, kind, spec)
    if ws.registry and (found := list(elsewhere(made.content))):
        raise Invalid.of(found)
    return made


def _require_equal(found: Record, made: assets.Draft) -> None:
    if found.doc.get("digest") == made.digest:
        return
    there = found.doc.get("content") or {}
    keys = sorted(key for key in {*there, *made.content} if there.get(key) != made.content.get(key))
    raise Conflict(
        f"There is a {found.kind} '{found.name}' version '{found.version}' with other content"
        f" (it differs in: {', '.join(keys)}). Versions never change: leave out the version, or"
        " choose another."
    )


def _describe(ws: Workspace, found: Record, description: str | None, tags: dict[str, str]) -> Asset:
    """Change description and tags; no event when nothing changes."""

    def is_same(doc: dict[str, Any]) -> bool:
        wanted = {**doc["tags"], **tags}
        return doc["tags"] == wanted and description in (None, doc["description"])

    if is_same(found.doc):
        return shown(ws, found)
    subject = f"{found.kind}:{found.name}@{found.version}"
    with ws.change(subject, described=description is not None, tags=sorted(tags)) as tx:
        now = ws.store.get_record(found.kind, found.name, found.version)
        now.doc["tags"].update(tags)
        if description is not None:
            now.doc["description"] = description
        now.doc.update(modified_by=ws.principal.name, updated_ms=_now_ms(ws))
        tx.put_record(found.kind, found.name, now.doc, version=found.version, archived=now.archived)
    return shown(ws, ws.store.get_record(found.kind, found.name, found.version))


def _set_archived(
    ws: Workspace, kind: str, name: str, version: str | None, archived: bool
) -> list[Asset]:
    found = ws.store.get_record(kind, name, version or "")
    subject = f"{kind}:{name}@{version}" if version else f"{kind}:{name}"
    with ws.change(subject, archived=archived) as tx:
        now = ws.store.get_record(kind, name, version or "")
        tx.put_record(kind, name, now.doc, version=found.version, archived=archived)
    rows = ws.store.list_records(kind, name=name, view="all")
    return [shown(ws, row) for row in rows if row.version and version in (None, row.version)]


def held(ws: Workspace, record: Record) -> contents.Content:
    """What a version holds, wherever it lies.

    Raises:
        NotFound: it has no content, or that is gone.
    """
    if record.kind == "data":
        return contents.of(assets.path_of(record), ws.store, ws.blobs, ws.places)
    snapshot = assets.files(ws.store, ws.blobs, record)
    files = [
        contents.ContentFile(file.path, file.size_bytes, file.blob, ws.blobs.path(file.blob))
        for file in snapshot.files
    ]
    return contents.Content(files, snapshot.is_file)


def newest(ws: Workspace, kind: str, name: str | None, view: str) -> list[Record]:
    """Versions, newest first; without a name the newest of each."""
    rows = ws.store.list_records(kind, name=name, view="all")
    rows = [row for row in rows if row.doc["tags"].get(PROMPT, "").lower() != "true"]
    rows = [
        row
        for row in rows
        if row.name == name or not (row.name in HIDDEN or row.name.startswith(KEPT))
    ]
    hidden = {row.name for row in rows if not row.version and row.archived}
    chosen = [
        row
        for row in reversed(rows)
        if row.version
        and view in ("all", "archived" if row.archived or row.name in hidden else "active")
    ]
    if name is not None:
        return chosen
    first: dict[str, Record] = {}
    for row in chosen:
        first.setdefault(row.name, row)
    return list(first.values())


def _is_tagged(row: Record, tag: str | None) -> bool:
    if tag is None:
        return True
    key, equals, value = tag.partition("=")
    tags = row.doc["tags"]
    return key in tags and (not equals or tags[key] == value)


def shown(ws: Workspace, row: Record) -> Asset:
    """A version as it is answered."""
    asset = ws.store.get_record(row.kind, row.name)
    doc = row.doc
    content = doc.get("content") or {"type": "custom_model", "path": doc["location"]}
    who = doc.get("created_by", "")
    more = {"stage": doc["stage"], "source": doc["source"]} if "stage" in doc else {}
    if guarded := asset.doc.get("guarded_stages"):
        more["guarded_stages"] = guarded
    return Asset(
        **{
            **content,
            **more,
            "id": reference_of(row.kind, row.name, row.version, ws.registry),
            "name": row.name,
            "version": row.version,
            "description": doc["description"],
            "tags": doc["tags"],
            "properties": doc.get("properties", {}),
            "job_name": doc.get("run_id"),
            "latest": assets.latest(ws.store, row.kind, row.name) == row.version,
            "labels": sorted(
                label for label, of in asset.doc["aliases"].items() if str(of) == row.version
            ),
            "archived": row.archived or asset.archived,
            "creation_context": CreationContext(
                created_at=from_ms(doc["created_ms"]),
                created_by=who,
                last_modified_at=from_ms(doc["updated_ms"]),
                last_modified_by=doc.get("modified_by", who),
            ),
        }
    )


def _now_ms(ws: Workspace) -> int:
    return round(ws.clock().timestamp() * 1000)
