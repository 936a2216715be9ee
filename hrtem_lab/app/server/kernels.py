"""The kernels of pages: when their idle time begins, and how much memory each may take."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from traitlets import Integer


def limit_memory(pid: int, *, limit: int) -> None:
    """Let a process take at most `limit` bytes of data; beyond this, Python raises `MemoryError`.

    Parameters
    ----------
    pid : int
        The process. Children that it starts later have the same limit, each separately.
    limit : int
        Bytes; shared libraries and mapped files do not count. The limit works only on Linux.
    """
    if sys.platform != "linux":
        return
    import resource  # noqa: PLC0415 (not there on every system)

    resource.prlimit(pid, resource.RLIMIT_DATA, (limit, limit))


class PageKernelManager(AsyncMappingKernelManager):
    """Kernels whose idle time begins when nobody needs them any more.

    Jupyter counts from the last message. This has two faults. A kernel that has waited in a pool, or whose
    reader has been reading for minutes, could be ended right after a page connects or after a short loss of
    the network. And a kernel that still computes for a closed page would never end.
    """

    memory_limit = Integer(0, config=True, help="Bytes of data that a kernel may take; 0 for no limit.")

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._looked_at: set[str] = set()
        self._left: dict[str, datetime] = {}

    async def start_kernel(self, **options: Any) -> str:  # type: ignore[override]
        """Start a kernel, limit its memory, and return its id."""
        kernel_id = str(await super().start_kernel(**options))
        pid = getattr(self.get_kernel(kernel_id).provisioner, "pid", None)
        if self.memory_limit and pid:
            limit_memory(pid, limit=self.memory_limit)
        return kernel_id

    async def shutdown_kernel(  # type: ignore[override]
        self, kernel_id: str, now: bool = False, restart: bool = False
    ) -> None:
        """End a kernel. Its page, when it closes, may do so while the check for idle kernels does."""
        try:
            await super().shutdown_kernel(kernel_id, now=now, restart=restart)
        except KeyError:
            if kernel_id in self:
                raise

    def notify_connect(self, kernel_id: str) -> None:
        """Note that a page has connected."""
        super().notify_connect(kernel_id)
        self._left.pop(kernel_id, None)

    def notify_disconnect(self, kernel_id: str) -> None:
        """Note that a page has gone: from now on nobody sees what its kernel computes."""
        super().notify_disconnect(kernel_id)
        if kernel_id in self and not self._kernel_connections.get(kernel_id):
            self._left[kernel_id] = _now()

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel that has been idle too long; the first check of a kernel only starts its clock."""
        kernels = set(self.list_kernel_ids())
        if kernel_id not in kernels:
            return  # its page has closed since the round of checks began
        self._left = {kernel: when for kernel, when in self._left.items() if kernel in kernels}
        if kernel_id in self._left:
            self._kernels[kernel_id].last_activity = self._left[kernel_id]
        elif kernel_id not in self._looked_at:
            self._kernels[kernel_id].last_activity = _now()
        self._looked_at = self._looked_at & kernels | {kernel_id}
        await super().cull_kernel_if_idle(kernel_id)


def _now() -> datetime:
    return datetime.now(UTC)
