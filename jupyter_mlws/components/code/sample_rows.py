"""Take a part of the rows at random."""

from kit import arg, give, table

give("result", table().sample(frac=float(arg("share")), random_state=int(arg("seed"))))
