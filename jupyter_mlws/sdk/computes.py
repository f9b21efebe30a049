"""Computes from Python: read from YAML, and answered as Azure ML answers."""

from __future__ import annotations

import os
from typing import Generic, TextIO, TypeVar

from jupyter_mlws.entities.compute import ComputeFields, compute_fields
from jupyter_mlws.sdk.described import described

T = TypeVar("T")


class Finished(Generic[T]):
    """What is done already, where Azure ML's client would wait for it."""

    def __init__(self, answer: T) -> None:
        self._answer = answer

    def result(self, timeout: float | None = None) -> T:
        """The answer."""
        return self._answer

    def wait(self, timeout: float | None = None) -> None:
        """Come back at once."""

    def done(self) -> bool:
        """Yes."""
        return True


def load_compute(source: str | os.PathLike[str] | TextIO) -> ComputeFields:
    """The compute that a YAML file describes.

    Raises:
        Invalid: with file, line and field of all that is wrong.
    """
    with described("computes", source) as document:
        return compute_fields(document)
