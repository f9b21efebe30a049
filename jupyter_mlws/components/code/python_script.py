"""Run a function `main(table1, table2)` that answers a table, as Azure ML's designer does."""

import sys

from kit import arg, give, given, read

names: dict = {}
exec(compile(arg("script"), "script", "exec"), names)
main = names.get("main") or names.get("azureml_main")
if main is None:
    sys.exit("script: there is no function 'main'.")
tables = [None if (path := given(name)) is None else read(path) for name in ("table1", "table2")]
found = main(*tables)
give("result", found[0] if isinstance(found, tuple) else found)
