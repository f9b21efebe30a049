"""Join two tables by columns that both have."""

from kit import arg, columns, give, names, table

left, right, by = table("left"), table("right"), names("by")
columns(left, by, "by")
columns(right, by, "by")
give("result", left.merge(right, how=arg("way"), on=by, suffixes=("", "_right")))
