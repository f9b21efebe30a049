"""Names of metrics, params and tags as numbers."""

from __future__ import annotations

import sqlite3

KEPT = 200_000


class Keys:
    """The numbers of names, kept in memory once they are committed.

    Attributes:
        names: by number those that are in memory; `name` knows all.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self.names: dict[int, str] = {}

    def known(self, name: str) -> int | None:
        """The number of a name, if it is in memory."""
        return self._numbers.get(name)

    def number(self, db: sqlite3.Connection, name: str) -> int | None:
        """The number of a name, or None where nothing has that name."""
        kid = self._numbers.get(name)
        if kid is None:
            row = db.execute("SELECT kid FROM keys WHERE key = ?", (name,)).fetchone()
            kid = None if row is None else int(row[0])
        return kid

    def name(self, db: sqlite3.Connection, kid: int) -> str:
        """The name of a number."""
        name = self.names.get(kid)
        if name is None:
            name = str(db.execute("SELECT key FROM keys WHERE kid = ?", (kid,)).fetchone()[0])
            self.add({name: kid})
        return name

    def add(self, numbers: dict[str, int]) -> None:
        """Remember committed names."""
        if len(self._numbers) > KEPT:
            self._numbers.clear()
            self.names.clear()
        for name, kid in numbers.items():
            self._numbers[name] = kid
            self.names[kid] = name


class OpenKeys:
    """The numbers of names inside a transaction, which makes the missing ones.

    Attributes:
        seen: what to remember once the transaction is committed.
    """

    def __init__(self, keys: Keys, db: sqlite3.Connection) -> None:
        self._keys = keys
        self._db = db
        self.seen: dict[str, int] = {}

    def number(self, name: str) -> int:
        """The number of a name, made when there is none."""
        kid = self._keys.known(name) or self.seen.get(name)
        if kid is None:
            kid = self._keys.number(self._db, name)
            if kid is None:
                cursor = self._db.execute("INSERT INTO keys (key) VALUES (?)", (name,))
                kid = int(cursor.lastrowid or 0)
            self.seen[name] = kid
        return kid
