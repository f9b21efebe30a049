"""The store that ships keeps the contract."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jupyter_mlws.store.sqlite import SqliteStore
from jupyter_mlws.testing.store import StoreSuite


@pytest.fixture
def store() -> Iterator[SqliteStore]:
    made = SqliteStore(":memory:")
    yield made
    made.close()


class TestSqliteStore(StoreSuite):
    pass
