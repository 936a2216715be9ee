"""The console command: what each verb calls, and what is said where it cannot."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import hrtem_lab
from hrtem_lab import cli
from hrtem_lab.app import __main__ as app

PYPROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
HEAVY = {"numpy", "traitlets", "tornado", "voila", "jupyterlab", "jupyter_server", "abtem", "ase"}


@pytest.fixture
def served(monkeypatch):
    """What the functions that serve were called with, instead of a server."""
    serve = pytest.importorskip("hrtem_lab.app.server.serve")
    calls = []
    monkeypatch.setattr(serve, "serve", lambda **options: calls.append(("dashboard", options)))
    monkeypatch.setattr(serve, "serve_class", lambda **options: calls.append(("serve", options)))
    return calls


@pytest.fixture
def computed(monkeypatch):
    """What was computed again, instead of an hour's work."""
    from hrtem_lab.data import regenerate
    from hrtem_lab.extremes import __main__ as extremes
    from hrtem_lab.sizing import __main__ as sizing

    calls = []
    monkeypatch.setattr(regenerate, "write", lambda **options: calls.append(tuple(options["names"])))
    monkeypatch.setattr(extremes, "main", lambda arguments: calls.append(("extremes", *arguments)))
    monkeypatch.setattr(sizing, "main", lambda arguments: calls.append(("sizing", *arguments)))
    return calls


def test_the_package_installs_the_command():
    assert PYPROJECT["project"]["scripts"] == {"hrtem-lab": "hrtem_lab.cli:main"}


def test_importing_the_command_loads_no_heavy_library():
    code = "import sys, hrtem_lab.cli; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "hrtem_lab.cli" in loaded
    assert not loaded & HEAVY


def test_the_version_is_the_package_s(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"hrtem-lab {hrtem_lab.__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_names_every_verb(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert all(f"{name} {verb.purpose}" in printed for name, verb in cli.VERBS.items())


@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        (["dashboard"], ("dashboard", {})),
        (["dashboard", "--port", "8900", "--no-browser"], ("dashboard", {"port": 8900, "browser": False})),
        (["serve", "--students", "30", "--open"], ("serve", {"students": 30, "token": ""})),
        (["serve", "--notebooks", "fork"], ("serve", {"notebooks": Path("fork")})),
    ],
)
def test_dashboard_and_serve_hand_their_options_on(arguments, call, served):
    assert cli.main(arguments) == 0
    assert served == [call]


@pytest.mark.parametrize("verb", ["dashboard", "serve"])
def test_both_ways_to_start_a_server_have_the_same_options(verb, capsys):
    texts = []
    for parse in (cli.parse, app.parse):
        with pytest.raises(SystemExit):
            parse([verb, "--help"])
        texts.append(capsys.readouterr().out.partition("options:")[2])
    assert texts[0] == texts[1]
    assert "--port" in texts[0]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["dashbord"], "hrtem-lab: verb: invalid choice: 'dashbord' (choose from"),
        (["dashboard", "--port", "first"], "hrtem-lab dashboard: --port: invalid int value: 'first'"),
        (["dashboard", "--students", "3"], "hrtem-lab: dashboard does not know --students 3"),
        (["serve", "pupils"], "hrtem-lab: serve does not know pupils"),
        (["data", "gold"], "hrtem-lab data: NAME: names must be among nb3sn, zro2, precipitate-01"),
        (["data", "--device", "tpu"], "hrtem-lab data: --device: invalid choice: 'tpu' (choose from"),
    ],
)
def test_what_is_not_understood_is_one_sentence(arguments, sentence, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(sentence)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["dashboard", "--port", "99999"], "port must be 0 to 65535, got 99999"),
        (["dashboard", "--cull-interval", "0"], "cull-interval must be at least 1, got 0"),
        (["serve", "--students", "0"], "students must be at least 1, got 0"),
        (["serve", "--token", "short"], "token must have at least 8 characters, got 5"),
        (["serve", "--base-url", "course"], "base-url must begin and end with a slash, got 'course'"),
    ],
)
def test_a_wrong_value_is_one_sentence(arguments, sentence, capsys, monkeypatch):
    pytest.importorskip("voila")
    monkeypatch.setenv("HRTEM_LAB_WORKERS", "1")
    assert cli.main(arguments) == 2
    assert capsys.readouterr() == ("", f"hrtem-lab: {sentence}\n")


def test_a_server_that_cannot_start_is_one_sentence(tmp_path, capsys):
    pytest.importorskip("voila")
    assert cli.main(["dashboard", "--notebooks", str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"hrtem-lab: the folder of notebooks must hold .ipynb files, found none in {tmp_path}"


@pytest.mark.parametrize(("verb", "library", "extra"), [(n, v.needs, v.extra) for n, v in cli.VERBS.items()])
def test_a_missing_library_is_named_with_its_extra(verb, library, extra, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    ran = cli.VERBS[verb]._replace(run=lambda *_: pytest.fail("it ran without the library"))
    monkeypatch.setitem(cli.VERBS, verb, ran)
    assert cli.main([verb]) == 1
    sentence = f'{verb} needs {library}, which is not installed: pip install "hrtem_lab[{extra}]"'
    assert capsys.readouterr() == ("", f"hrtem-lab: {sentence}\n")
    assert library in PYPROJECT["project"]["optional-dependencies"][extra]


def test_another_library_of_the_extra_is_named_too():
    code = (
        "import sys; sys.modules['psutil'] = None; from hrtem_lab.cli import main; sys.exit(main(['serve']))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 1
    (sentence,) = run.stderr.splitlines()
    assert sentence.startswith("hrtem-lab: serve needs psutil, which is not installed")


def test_a_module_of_the_package_that_is_missing_is_a_fault(monkeypatch):
    def fail(*_):
        raise ModuleNotFoundError(name="hrtem_lab.gone")

    monkeypatch.setitem(cli.VERBS, "lab", cli.VERBS["lab"]._replace(needs="sys", run=fail))
    with pytest.raises(ModuleNotFoundError):
        cli.main(["lab"])


def test_lab_hands_on_what_it_does_not_know(monkeypatch):
    lab = pytest.importorskip("hrtem_lab.app.server.lab")
    pytest.importorskip("jupyterlab")
    calls = []
    monkeypatch.setattr(lab, "open_lab", lambda **options: calls.append(options))
    assert cli.main(["lab", "--port", "0", "--no-browser", "--ServerApp.token=secret"]) == 0
    assert calls == [{"port": 0, "arguments": ["--no-browser", "--ServerApp.token=secret"]}]


def test_a_folder_that_cannot_be_written_is_one_sentence(capsys, monkeypatch, tmp_path):
    pytest.importorskip("jupyterlab")
    (tmp_path / "docs").write_text("a file", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["lab"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"hrtem-lab: File exists: {tmp_path / 'docs'}"


def test_a_gpu_that_is_not_there_is_one_sentence(capsys, monkeypatch, tmp_path):
    pytest.importorskip("abtem")
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert cli.main(["data", "nb3sn", "--device", "gpu", "--folder", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("hrtem-lab: device must be cpu on this machine, got 'gpu'")
    assert said.count("\n") == 1


def test_data_computes_everything_or_the_waves_named(computed):
    pytest.importorskip("abtem")
    assert cli.main(["data"]) == 0
    assert computed == [(), ("extremes",), ("sizing",), ("sizing", "mismatches")]
    computed.clear()
    assert cli.main(["data", "nb3sn", "zro2"]) == 0
    assert computed == [("nb3sn", "zro2")]
