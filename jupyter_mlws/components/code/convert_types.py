"""Give columns another type; what cannot be converted becomes a gap."""

from kit import arg, columns, give, names, need, table

WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
pd = need("pandas")
frame = table()
to = arg("to")
for name in columns(frame, names("columns")):
    column = frame[name]
    if to in ("number", "integer"):
        column = pd.to_numeric(column, errors="coerce")
        frame[name] = column.round().astype("Int64") if to == "integer" else column
    elif to == "datetime":
        frame[name] = pd.to_datetime(column, errors="coerce")
    elif to == "boolean":
        frame[name] = column.astype("string").str.lower().map(WORDS).astype("boolean")
    else:
        frame[name] = column.astype("string" if to == "text" else "category")
give("result", frame)
