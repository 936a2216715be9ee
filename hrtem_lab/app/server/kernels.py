"""The pages' Python processes: when their idle time begins, and how much memory each may take."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from traitlets import Integer


def limit_memory(pid: int, *, limit: int) -> None:
    """Let a process take no more than `limit` bytes of data; where it would, Python raises `MemoryError`.

    Parameters
    ----------
    pid : int
        The process; its future children inherit the limit, each for itself.
    limit : int
        Bytes; shared libraries and the files they map do not count. Linux only: elsewhere nothing happens.
    """
    if sys.platform != "linux":
        return
    import resource  # noqa: PLC0415 (not there on every system)

    resource.prlimit(pid, resource.RLIMIT_DATA, (limit, limit))


class PageKernelManager(AsyncMappingKernelManager):
    """Kernels whose idle time begins when nobody needs them any more.

    Jupyter counts from the last message. A kernel that has waited in a pool, or whose reader has been reading
    for minutes, would then be ended within seconds of a page's connecting or of a short loss of the network;
    one that goes on computing for a page that has gone would live on.
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

    def notify_connect(self, kernel_id: str) -> None:
        """Take note of a page that connects."""
        super().notify_connect(kernel_id)
        self._left.pop(kernel_id, None)

    def notify_disconnect(self, kernel_id: str) -> None:
        """Take note of a page that goes: from now on nobody sees what its kernel still computes."""
        super().notify_disconnect(kernel_id)
        if kernel_id in self and not self._kernel_connections.get(kernel_id):
            self._left[kernel_id] = _now()

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel that has been idle too long; the first look at one only starts its clock."""
        kernels = set(self.list_kernel_ids())
        self._left = {kernel: when for kernel, when in self._left.items() if kernel in kernels}
        if kernel_id in self._left:
            self._kernels[kernel_id].last_activity = self._left[kernel_id]
        elif kernel_id not in self._looked_at:
            self._kernels[kernel_id].last_activity = _now()
        self._looked_at = self._looked_at & kernels | {kernel_id}
        await super().cull_kernel_if_idle(kernel_id)


def _now() -> datetime:
    return datetime.now(UTC)
