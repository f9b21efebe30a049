"""The script that the jobs of these files run."""

import sys

sys.stdout.write("done")
