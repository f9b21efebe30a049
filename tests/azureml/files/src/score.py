"""The script that the deployments of these files serve."""


def init() -> None:
    """Nothing to load."""


def run(data: str) -> str:
    """The answer to one request."""
    return data
