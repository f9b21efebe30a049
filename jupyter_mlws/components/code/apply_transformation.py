"""Apply what `normalise` has learned to another table."""

from kit import give, model, table

frame = table()
give("result", model("transformation").transform(frame)[list(frame.columns)])
