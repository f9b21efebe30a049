"""Where data lies beside the workspace's own blobs: datastores and open addresses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_mlws.entities.datastore import DEFAULT, DEFAULTS, DatastoreSpec, FileDatastore
from jupyter_mlws.entities.errors import Denied, Invalid, NotFound
from jupyter_mlws.entities.validation import did_you_mean
from jupyter_mlws.execution.vault import DATASTORE, Vault
from jupyter_mlws.reading import addresses
from jupyter_mlws.reading.addresses import Address
from jupyter_mlws.reading.places import Place, connect

if TYPE_CHECKING:
    from jupyter_mlws.execution.sealing import Seal
    from jupyter_mlws.store.base import Store

FOLDERS = {
    "workspaceblobstore": "datastores/workspaceblobstore",
    "workspaceartifactstore": "datastores/workspaceartifactstore",
    "workspacefilestore": "files",
    "workspaceworkingdirectory": "datastores/workspaceworkingdirectory",
}
"""Where the datastores that every workspace has lie, below its directory."""
DEFAULT_KIND = "default_datastore"


@dataclass(frozen=True, slots=True)
class Places:
    """The storages of a workspace.

    Attributes:
        path: the workspace's directory.
    """

    store: Store
    seal: Seal
    path: Path

    @property
    def vault(self) -> Vault:
        """What opens credentials."""
        return Vault(self.store, self.seal)

    @property
    def default(self) -> str:
        """Name of the datastore that `${{default_datastore}}` means."""
        record = self.store.find_record(DEFAULT_KIND, "default")
        return str(record.doc["name"]) if record else DEFAULT

    def spec(self, name: str) -> tuple[DatastoreSpec, dict[str, str]]:
        """A datastore and its secrets.

        Raises:
            NotFound: there is none of this name.
        """
        record = self.store.find_record(DATASTORE, name)
        if record is not None:
            return self.vault.datastore(record)
        if name in FOLDERS:
            return FileDatastore(name=name, path=str(self.path / FOLDERS[name])), {}
        known = {record.name for record in self.store.list_records(DATASTORE, limit=1000)}
        known |= set(DEFAULTS)
        listed = ", ".join(sorted(known))
        raise NotFound(
            f"There is no datastore '{name}' (there are: {listed}).{did_you_mean(name, known)}"
        )

    def find(self, text: str) -> tuple[Address, DatastoreSpec, dict[str, str]] | None:
        """The storage that an address means; None for what is no such address.

        Raises:
            Invalid: it begins like one and goes on wrongly.
            NotFound: it names a datastore that is not there.
        """
        address = addresses.parse(text)
        if address is None:
            return None
        if address.spec is not None:
            return address, address.spec, {}
        spec, secrets = self.spec(address.datastore)
        return address, spec, secrets

    def open(self, text: str) -> tuple[Place, str]:
        """An open storage, and the path on it.

        Raises:
            Invalid: it is no address, or its storage cannot be read here.
            NotFound: it names a datastore that is not there.
            PluginMissing: a library is missing; the message names it.
        """
        found = self.find(text)
        if found is None:
            raise Invalid(f"'{text}' is no address of data.")
        address, spec, secrets = found
        place = connect(spec, secrets)
        self.guard(place, address.path)
        return place, address.path

    def guard(self, place: Place, path: str) -> None:
        """Keep the workspace's own database, keys and blobs out of reach.

        Raises:
            Denied: the path leads there.
        """
        if not place.is_local:
            return
        root = Path(place.root)
        if place.spec.name in FOLDERS and root.is_relative_to(self.path):
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
        home = self.path.resolve()
        wanted = Path(place.full(path.partition("*")[0])).resolve()
        open_to_all = [home / folder for folder in FOLDERS.values()]
        is_inside = wanted.is_relative_to(home)
        if is_inside and not any(wanted.is_relative_to(folder) for folder in open_to_all):
            raise Denied(f"'{path}' is a part of the workspace itself.")
