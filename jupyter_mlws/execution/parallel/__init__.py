"""Mini batches: what runs inside a parallel job."""
