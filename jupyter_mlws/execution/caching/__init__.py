"""Results that are taken again: what a job's result depends on, who had the same, what differs in words."""
