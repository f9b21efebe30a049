"""Keep some columns of a table, or leave some out."""

from kit import arg, columns, give, names, table

frame = table()
chosen = columns(frame, names("columns"))
leave_out = arg("leave_out").lower() == "true"
give("result", frame.drop(columns=chosen) if leave_out else frame[chosen])
