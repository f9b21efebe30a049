"""What a job's code runs in: from a description to a runtime on this machine."""
