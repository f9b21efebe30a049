"""Read a file or folder (Parquet, CSV, TSV, JSON lines, Excel) as a table."""

from kit import arg, give, given, read

frame = read(given("data"))
most = int(arg("rows") or 0)
give("result", frame.head(most) if most else frame)
