"""What a class server is set up with, without a server."""

import asyncio
import inspect
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from jupyter_server.services.kernels.connection.base import (
    deserialize_msg_from_ws_v1,
    serialize_msg_to_ws_v1,
)
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

pytest.importorskip("voila")

from hrtem_lab.app.__main__ import main, parse
from hrtem_lab.app.server import classroom, configuration
from hrtem_lab.app.server.classroom import PAGE, Classroom
from hrtem_lab.app.server.handlers import MOST_PARTS, is_message
from hrtem_lab.app.server.kernels import PageKernelManager
from hrtem_lab.app.server.serve import serve_class


@given(
    students=st.integers(1, 300),
    spare=st.floats(0, 1) | st.floats(0, 1000),
    notebooks=st.integers(1, 20),
)
@example(students=20, spare=0, notebooks=7)
def test_every_student_has_a_page_and_nothing_exceeds_the_memory(
    students: int, spare: float, notebooks: int
) -> None:
    memory = students * PAGE + spare
    room = Classroom(students=students, memory=memory, notebooks=notebooks)
    assert room.most_pages >= students
    assert (room.most_pages + room.pool_size * notebooks) * PAGE <= memory * (1 + 1e-9)


@given(students=st.integers(1, 300), memory=st.floats(0.01, 1000))
def test_a_class_that_does_not_fit_is_refused_with_the_memory_it_needs(students: int, memory: float) -> None:
    assume(memory < 0.999 * students * PAGE)
    with pytest.raises(ValueError, match=rf"memory must be at least .* GB for {students} students, got"):
        Classroom(students=students, memory=memory)


def test_more_students_never_have_fewer_kernels_waiting() -> None:
    sizes = [Classroom(students=n, memory=1000, notebooks=7).pool_size for n in range(1, 200)]
    assert sizes == sorted(sizes)
    assert sizes[0] == 1


def test_free_memory_is_part_of_the_machine_s() -> None:
    assert 0 < classroom.free_memory() <= classroom.machine_memory()


def test_a_container_s_limit_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"memory.max": [2_000_000_000], "memory.current": [1_500_000_000]}
    monkeypatch.setattr(classroom, "_container_values", lambda *names: values[names[0]])
    assert classroom.machine_memory() == 2
    assert classroom.free_memory() == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--port", "99999"], "port must be 0 to 65535, got 99999"),
        (["--port", "-1"], "port must be 0 to 65535, got -1"),
        (["--students", "0"], "students must be at least 1, got 0"),
        (["--students", "300", "--memory", "2"], "memory must be at least 45 GB for 300 students, got 2 GB"),
        (["--memory", "nan"], "memory must be finite, got nan"),
        (["--page-memory", "-1"], "page_memory must be positive, got -1.0"),
        (["--token", "short"], "token must have at least 8 characters, got 5"),
        (["--base-url", "course"], "base-url must begin and end with a slash, got 'course'"),
        (["--cull-interval", "0"], "cull-interval must be at least 1, got 0"),
    ],
)
def test_nonsense_is_one_sentence(
    options: list[str], sentence: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HRTEM_LAB_WORKERS", "1")
    assert main(["serve", *options]) == 1
    assert capsys.readouterr() == ("", f"hrtem_lab: {sentence}\n")


def test_an_address_of_another_machine_is_one_sentence() -> None:
    command = [sys.executable, "-m", "hrtem_lab.app", "serve", "--address", "203.0.113.7"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stderr == "hrtem_lab: address must be one of this machine's own, got '203.0.113.7'\n"


def test_without_an_action_the_dashboard_is_meant() -> None:
    assert vars(parse(["--port", "0"])) == {"action": "dashboard", "port": 0}
    assert vars(parse(["dashboard", "--no-browser"])) == {"action": "dashboard", "browser": False}
    assert vars(parse(["serve", "--open"])) == {"action": "serve", "token": ""}


def test_the_documentation_names_every_setting_header_and_option() -> None:
    docs = Path(configuration.__file__).parents[3] / "docs"
    serving, security = ((docs / name).read_text(encoding="utf-8") for name in ("serving.md", "security.md"))
    settings = [
        *configuration.voila_settings(),
        *configuration.preheating_settings(pool_size=1),
        *configuration.culling_settings(),
        *configuration.tornado_settings(),
    ]
    assert [name for name in settings if f"`{name}`" not in serving] == []
    assert [name for name in configuration.security_headers() if f"`{name}`" not in security] == []
    options = inspect.signature(serve_class).parameters
    assert [name for name in options if f"`--{name.replace('_', '-')}`" not in serving] == []


def test_kernels_outlive_a_silent_page_by_150_seconds_at_most() -> None:
    culling = configuration.culling_settings()
    closing = 5  # seconds that Tornado waits for the other side's goodbye
    silent = configuration.PING_INTERVAL + configuration.PING_TIMEOUT + closing
    assert silent + culling["cull_idle_timeout"] + culling["cull_interval"] <= 150


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits another process")
def test_a_page_that_wants_too_much_memory_gets_an_error() -> None:
    greedy = (
        "import sys; from hrtem_lab.app.server.kernels import limit_memory; import os\n"
        "limit_memory(os.getpid(), limit=300_000_000)\n"
        "kept = bytearray(100_000_000)\n"
        "try: bytearray(400_000_000)\n"
        "except MemoryError: print('refused')"
    )
    ended = subprocess.run([sys.executable, "-c", greedy], capture_output=True, text=True, check=True)
    assert ended.stdout == "refused\n"


parts = st.lists(st.binary(max_size=50), min_size=4, max_size=8)


@given(parts=parts, channel=st.sampled_from(["shell", "control"]))
def test_messages_of_the_protocol_are_messages(parts: list[bytes], channel: str) -> None:
    data = serialize_msg_to_ws_v1(parts, channel)
    assert is_message(data)
    assert deserialize_msg_from_ws_v1(data) == (channel, parts)


@given(data=st.one_of(st.binary(max_size=200), st.text(max_size=50)))
@example(data=b"\xff" * 200)
@example(data=(MOST_PARTS + 1).to_bytes(8, "little") + bytes(5000))
@example(data=b"")
def test_what_is_taken_for_a_message_has_the_parts_it_says(data: bytes | str) -> None:
    if is_message(data):
        assert isinstance(data, bytes)
        _, found = deserialize_msg_from_ws_v1(data)
        assert 4 <= len(found) <= MOST_PARTS
        assert sum(map(len, found)) <= len(data)


@given(parts=parts, cut=st.integers(1, 60))
def test_a_message_that_was_cut_off_is_none(parts: list[bytes], cut: int) -> None:
    data = serialize_msg_to_ws_v1(parts, "shell")
    assert not is_message(data[: max(0, len(data) - cut)])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits another process")
def test_a_picture_for_a_page_that_has_gone_is_dropped() -> None:
    # Taken for a message of the other protocol, it would be read until the memory ends.
    late = (
        "import os; from hrtem_lab.app.server.handlers import Channel\n"
        "from hrtem_lab.app.server.kernels import limit_memory\n"
        "from jupyter_server.services.kernels.connection.base import serialize_binary_message\n"
        "limit_memory(os.getpid(), limit=600_000_000)\n"
        "channel = Channel.__new__(Channel); channel.ws_connection = None\n"
        "picture = serialize_binary_message({'header': {}, 'buffers': [b'png' * 1000]})\n"
        "print(channel.write_message(picture, binary=True))"
    )
    command = [sys.executable, "-c", late]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (0, "None\n")


class TestIdleTime:
    """When a kernel's idle time begins, with kernels and clock made up."""

    NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

    @pytest.fixture
    def manager(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[PageKernelManager]:
        """Return a manager with one kernel, idle since long, and a list of the ended ones."""
        asyncio.set_event_loop(loop := asyncio.new_event_loop())
        manager = PageKernelManager(cull_idle_timeout=90)
        spec = SimpleNamespace(metadata={})
        kernel = SimpleNamespace(execution_state="idle", kernel_spec=spec, kernel_name="python3")
        kernel.last_activity = self.NOON - timedelta(hours=1)
        manager._kernels["k"] = kernel
        manager._kernel_connections["k"] = 0
        self.ended: list[str] = []
        manager.shutdown_kernel = self._end
        self.set_clock(monkeypatch, 0)
        yield manager
        manager._kernels.clear()
        loop.close()
        asyncio.set_event_loop(None)

    async def _end(self, kernel_id: str) -> None:
        self.ended.append(kernel_id)

    def set_clock(self, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
        """Let it be so many seconds past noon."""
        now = self.NOON + timedelta(seconds=seconds)
        monkeypatch.setattr("hrtem_lab.app.server.kernels._now", lambda: now)
        monkeypatch.setattr("jupyter_server.services.kernels.kernelmanager.utcnow", lambda: now)

    def look(self, manager: PageKernelManager, monkeypatch: pytest.MonkeyPatch, seconds: float) -> bool:
        """Tell whether a look at this time ends the kernel."""
        self.set_clock(monkeypatch, seconds)
        asyncio.run(manager.cull_kernel_if_idle("k"))
        return self.ended == ["k"]

    def test_the_first_look_at_a_kernel_starts_its_clock(
        self, manager: PageKernelManager, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert not self.look(manager, monkeypatch, 0)
        assert not self.look(manager, monkeypatch, 89)
        assert self.look(manager, monkeypatch, 91)

    def test_a_page_that_goes_starts_it_however_long_it_was_there(
        self, manager: PageKernelManager, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        manager.notify_connect("k")
        assert not self.look(manager, monkeypatch, 3600)
        manager.notify_disconnect("k")
        assert not self.look(manager, monkeypatch, 3689)
        assert self.look(manager, monkeypatch, 3691)

    def test_a_page_that_comes_back_keeps_its_kernel(
        self, manager: PageKernelManager, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        manager.notify_connect("k")
        manager.notify_disconnect("k")
        manager.notify_connect("k")
        assert not self.look(manager, monkeypatch, 3600)

    def test_a_kernel_that_has_gone_since_the_round_began_is_passed_over(
        self, manager: PageKernelManager, caplog: pytest.LogCaptureFixture
    ) -> None:
        manager._kernels["gone"] = manager._kernels["k"]
        look = manager.cull_kernel_if_idle

        async def close_the_other(kernel_id: str) -> None:
            manager._kernels.pop("gone", None)
            await look(kernel_id)

        manager.cull_kernel_if_idle = close_the_other
        asyncio.run(manager.cull_kernels())
        assert not caplog.records

    def test_a_page_may_end_its_kernel_while_the_check_does(
        self, manager: PageKernelManager, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        del manager.shutdown_kernel

        async def end(manager: PageKernelManager, kernel_id: str, **_options: bool) -> None:
            await asyncio.sleep(0)
            manager.remove_kernel(kernel_id)

        monkeypatch.setattr(AsyncMappingKernelManager, "shutdown_kernel", end)

        async def both() -> None:
            await asyncio.gather(manager.shutdown_kernel("k"), manager.shutdown_kernel("k"))

        asyncio.run(both())
        assert "k" not in manager

    def test_what_a_kernel_computes_for_nobody_does_not_prolong_its_life(
        self, manager: PageKernelManager, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        manager.notify_connect("k")
        manager.notify_disconnect("k")
        manager._kernels["k"].last_activity = self.NOON + timedelta(seconds=90)
        assert self.look(manager, monkeypatch, 91)

    @pytest.mark.parametrize(
        "pages", [("connect", "disconnect", "connect"), ("connect", "connect", "disconnect")]
    )
    def test_what_it_computes_for_a_page_counts_as_activity(
        self, manager: PageKernelManager, monkeypatch: pytest.MonkeyPatch, pages: tuple[str, ...]
    ) -> None:
        for step in pages:
            getattr(manager, f"notify_{step}")("k")
        self.look(manager, monkeypatch, 0)
        manager._kernels["k"].last_activity = active = self.NOON + timedelta(seconds=100)
        assert not self.look(manager, monkeypatch, 3600)
        assert manager._kernels["k"].last_activity == active
