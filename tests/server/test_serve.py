"""The launcher and what it configures, without a browser."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hrtem_lab.app.chapters import CHAPTERS
from hrtem_lab.app.server import configuration

pytest.importorskip("voila")

PACKAGE = Path(configuration.__file__).parents[1]
REPOSITORY = PACKAGE.parents[1]


def launch(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hrtem_lab.app", "--no-browser", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def notebooks(tmp_path: Path) -> Path:
    (tmp_path / "00_index.ipynb").write_text("{}", encoding="utf-8")
    return tmp_path


def test_chapters_are_in_order_and_named_after_their_number() -> None:
    assert [chapter.number for chapter in CHAPTERS] == list(range(len(CHAPTERS)))
    assert all(chapter.file.startswith(f"{chapter.number:02d}_") for chapter in CHAPTERS)
    assert len({chapter.title for chapter in CHAPTERS}) == len(CHAPTERS)
    assert all(chapter.minutes > 0 and chapter.summary.endswith(".") for chapter in CHAPTERS)


def test_every_notebook_is_a_chapter() -> None:
    written = {path.stem for path in (REPOSITORY / "notebooks").glob("*.ipynb")}
    assert written <= {chapter.file for chapter in CHAPTERS}


def test_a_taken_port_is_one_sentence(notebooks: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = launch("--notebooks", str(notebooks), "--port", str(port))
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        f"hrtem_lab: port {port} is already in use: stop what runs there, or choose another port"
    ]


def test_missing_notebooks_are_one_sentence(tmp_path: Path) -> None:
    for folder, words in [(tmp_path / "absent", "must exist"), (tmp_path, "must hold .ipynb files")]:
        ended = launch("--notebooks", str(folder))
        assert ended.returncode == 1
        assert len(ended.stderr.splitlines()) == 1
        assert words in ended.stderr
        assert str(folder) in ended.stderr


def test_missing_voila_is_one_sentence() -> None:
    blocked = (
        "import sys; sys.modules['voila'] = None\n"
        "from hrtem_lab.app.__main__ import main; sys.exit(main(['--no-browser']))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", blocked], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "hrtem_lab: voila is not installed: run `make dashboard`, which sets it up"
    ]


def test_no_browser_is_looked_for_without_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    from hrtem_lab.app.server import serve

    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("webbrowser.open", lambda url: pytest.fail(f"opened {url}"))
    monkeypatch.setattr("sys.platform", "linux")
    assert not serve.has_browser()
    serve.open_browser("http://127.0.0.1")
    monkeypatch.setenv("DISPLAY", ":0")
    assert serve.has_browser()


def test_kernels_of_closed_pages_end_within_150_seconds() -> None:
    settings = configuration.culling_settings()
    assert settings["cull_idle_timeout"] + settings["cull_interval"] <= 150
    assert settings["cull_connected"] is False


def test_protection_against_forged_requests_stays_on() -> None:
    written = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    assert "disable_check_xsrf" not in written


def test_the_template_asks_nothing_of_other_machines() -> None:
    for path in configuration.TEMPLATE_DIR.rglob("*"):
        if path.is_file():
            addresses = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
            assert "//cdn" not in addresses
            assert "http" not in addresses, path.name


def test_install_makes_the_template_known_and_keeps_the_settings_of_others(tmp_path: Path) -> None:
    others = {"ServerApp": {"ip": "0.0.0.0"}, "MappingKernelManager": {"cull_busy": True}}
    server_json = tmp_path / "etc" / "jupyter" / "jupyter_server_config.json"
    server_json.parent.mkdir(parents=True)
    server_json.write_text(json.dumps(others), encoding="utf-8")
    for _ in range(2):  # again changes nothing
        configuration.install(tmp_path)
        settings = json.loads(server_json.read_text(encoding="utf-8"))
        assert settings == {
            "ServerApp": others["ServerApp"],
            "MappingKernelManager": {"cull_busy": True, **configuration.culling_settings()},
        }
    installed = tmp_path / "share" / "jupyter" / "voila" / "templates" / "hrtem_lab"
    copied = sorted(path.relative_to(installed) for path in installed.rglob("*"))
    assert copied == sorted(
        path.relative_to(configuration.TEMPLATE_DIR) for path in configuration.TEMPLATE_DIR.rglob("*")
    )


def test_installed_configuration_is_what_a_jupyter_server_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from voila.configuration import VoilaConfiguration
    from voila.paths import collect_template_paths
    from voila.server_extension import load_config_file

    configuration.install(tmp_path)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(tmp_path / "etc" / "jupyter"))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share" / "jupyter"))
    settings = VoilaConfiguration()
    settings.update_config(load_config_file())
    assert settings.template == "hrtem_lab"
    assert settings.allow_template_override == "NO"
    assert settings.prelaunch_hook is configuration.give_page_an_xsrf_cookie
    found = [
        path
        for path in collect_template_paths(["voila"], "hrtem_lab", prune=True)
        if path.startswith(str(tmp_path))
    ]
    assert (Path(found[0]) / "index.html.j2").is_file()
