"""Ask one to three tables a question in SQL (DuckDB); they are called t1, t2 and t3."""

import sys

from kit import arg, give, given, need, read

duckdb = need("duckdb")
database = duckdb.connect()
for name in ("t1", "t2", "t3"):
    if (path := given(name)) is not None:
        database.register(name, read(path))
try:
    give("result", database.execute(arg("query")).df())
except duckdb.Error as error:
    sys.exit(f"query: {error}")
