"""The size of a class server: pools, pages and memory for a number of students."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from hrtem_lab._validation import positive, positive_integer

GIGABYTE = 1e9
#: Memory in GB of one page's kernel in use: that of the largest chapter, rounded up.
PAGE = 0.15
#: Share of the machine's memory that pages may take, unless the teacher says otherwise.
SHARE = 0.75
#: Memory in GB that always stays free for the rest of the machine.
RESERVE = 0.5
#: Students per pooled kernel of each notebook. A pool makes the first pages of a lesson open faster; further
#: kernels start while the first readers read.
STUDENTS_PER_POOLED_KERNEL = 15


def machine_memory() -> float:
    """Return the memory in GB that this machine, or the container around this process, has."""
    limits = [float(psutil.virtual_memory().total)]
    limits += [float(value) for value in _container_values("memory.max", "memory.limit_in_bytes")]
    return min(limits) / GIGABYTE


def free_memory() -> float:
    """Return the memory in GB that is still free on this machine, or in the container around this process."""
    free = [float(psutil.virtual_memory().available)]
    limits = _container_values("memory.max", "memory.limit_in_bytes")
    used = _container_values("memory.current", "memory.usage_in_bytes")
    free += [float(limit - taken) for limit, taken in zip(limits, used, strict=False)]
    return min(free) / GIGABYTE


def _container_values(*names: str) -> list[int]:
    """Return the memory numbers of the control group; a container finds its own group at the root."""
    folders = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/memory"))
    for file in (folder / name for folder, name in zip(folders, names, strict=True)):
        text = file.read_text(encoding="ascii").strip() if file.is_file() else "max"
        if text.isdecimal():
            return [int(text)]
    return []


@dataclass(frozen=True, kw_only=True)
class Classroom:
    """The pages and kernels that a server provides for a class.

    Parameters
    ----------
    students : int
        Number of students who read at the same time.
    memory : float or None
        Memory limit in GB for all pages together; three quarters of the machine's memory by default.
    page_memory : float
        Memory limit in GB for the data of one page's kernel.
    notebooks : int
        Number of notebooks that are served; each has a pool of its own.

    Raises
    ------
    ValueError
        If a number is not positive, or the memory is too small for one page per student.

    Examples
    --------
    >>> room = Classroom(students=30, memory=12, notebooks=7)
    >>> room.pool_size, room.most_pages
    (2, 66)
    >>> Classroom(students=30, memory=2, notebooks=7)
    Traceback (most recent call last):
        ...
    ValueError: memory must be at least 4.5 GB for 30 students, got 2 GB
    """

    students: int
    memory: float | None = None
    page_memory: float = 2
    notebooks: int = 1

    def __post_init__(self) -> None:
        positive_integer("students", self.students)
        positive("page_memory", self.page_memory)
        needed = self.students * PAGE
        if positive("memory", self.ceiling) < needed:
            raise ValueError(
                f"memory must be at least {needed:.3g} GB for {self.students} students, "
                f"got {self.ceiling:.3g} GB"
            )

    @property
    def ceiling(self) -> float:
        """Memory limit in GB of all pages together."""
        return SHARE * machine_memory() if self.memory is None else self.memory

    @property
    def pool_size(self) -> int:
        """Kernels that wait for readers, per notebook; enough memory is left for one page per student."""
        spare = self._kernels - self.students
        wanted = -(-self.students // STUDENTS_PER_POOLED_KERNEL)
        return max(0, min(wanted, spare // self.notebooks))

    @property
    def most_pages(self) -> int:
        """Pages that may be open at the same time; the pool's share of the memory is not counted."""
        return self._kernels - self.pool_size * self.notebooks

    @property
    def _kernels(self) -> int:
        """Number of kernels that fit into the memory, of readers and of the pool together."""
        return int(self.ceiling / PAGE * (1 + 1e-9))  # 31 pages of 0.15 GB are no less than 31
