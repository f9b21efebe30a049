"""The version, which stands once: in package.json."""

from importlib.metadata import version

__version__ = version("jupyter_mlws")
