"""Run a function `main(table1)` in R; needs R on the machine."""

import shutil
import subprocess
import sys
from pathlib import Path

from kit import arg, give, read, table

program = shutil.which("Rscript")
if program is None:
    sys.exit("This component needs R: there is no 'Rscript' on this machine.")
table("table1").to_csv("in.csv", index=False)
call = 'write.csv(main(read.csv("in.csv")), "out.csv", row.names = FALSE)'
Path("script.R").write_text(f"{arg('script')}\n{call}\n")
if done := subprocess.run([program, "script.R"], check=False).returncode:
    sys.exit(done)
give("result", read(Path("out.csv")))
