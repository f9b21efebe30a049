"""Something in a notebook's cell that is looked at again until nothing more comes."""

from __future__ import annotations

import threading
from collections.abc import Callable

from jupyter_mlws.entities.errors import Unavailable

PAUSE_S = 1.0


class Following:
    """Looks again and again, in a thread of its own, so that the kernel stays free.

    A service that is away for a while is asked again.

    Args:
        look: answers whether more may come; asked first after a pause.
        is_open: whether there is anything to look for at all.
        pause_s: between two looks.
    """

    def __init__(
        self,
        look: Callable[[], bool],
        name: str,
        *,
        is_open: bool = True,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._look = look
        self._pause_s = pause_s
        self._is_open = is_open
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=name, daemon=True)
        self._thread.start()

    @property
    def is_live(self) -> bool:
        """Whether it will look again."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing more comes; whether that is so."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _follow(self) -> None:
        while self._is_open and not self._stopped.wait(self._pause_s):
            try:
                self._is_open = self._look()
            except Unavailable:
                self._stopped.wait(PAUSE_S)  # the service is being restarted
