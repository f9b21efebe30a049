"""How a notebook becomes a job: interface, engine, runner."""
