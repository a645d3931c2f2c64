"""run.py on a tiny project: the real virtual environment, the real pip, no network."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.setup.tiny_project import RUN, TinyProject
from tests.support.waiting import RUN_S, WAIT_S

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux can lack a display")
posix_only = pytest.mark.skipif(os.name == "nt", reason="kills a POSIX process group")


def load_run(environment: Path | None = None):
    """The module run.py, with its environment in the given folder."""
    spec = importlib.util.spec_from_file_location("run_under_test", RUN)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if environment is not None:
        module.ENVIRONMENT = environment
    return module


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> TinyProject:
    project = TinyProject(tmp_path_factory.mktemp("tiny") / "a project")
    first = project.run("greet", "a b")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "ran ['greet', 'a b']" in first.stdout
    return project


def install_stamp(project: TinyProject) -> int:
    return project.install_log.stat().st_mtime_ns


def test_a_second_start_installs_nothing(installed: TinyProject):
    before = install_stamp(installed)
    second = installed.run("greet")
    assert second.stdout.splitlines() == ["ran ['greet'] offscreen"] or sys.platform != "linux"
    assert "ran ['greet']" in second.stdout
    assert install_stamp(installed) == before


def test_without_a_command_the_demo_runs(installed: TinyProject):
    assert "ran ['demo']" in installed.run().stdout
    assert "ran ['demo', '--quick']" in installed.run("--quick").stdout


def test_the_exit_status_is_the_programs_own(installed: TinyProject):
    assert installed.run("fail").returncode == 7


@linux_only
def test_without_a_display_the_demo_runs_offscreen_and_open_says_why_not(installed: TinyProject):
    assert "ran ['demo'] offscreen" in installed.run("demo").stdout
    opened = installed.run("open")
    assert opened.returncode == 1
    assert "no display" in opened.stderr
    with_display = installed.run("open", "--gallery", "photos", DISPLAY=":99")
    assert "ran ['--gallery', 'photos'] None" in with_display.stdout


@pytest.mark.parametrize("name", ["constraints.txt", "pyproject.toml"])
def test_a_changed_requirement_is_installed(installed: TinyProject, name: str):
    before = install_stamp(installed)
    with (installed.folder / name).open("a") as file:
        file.write("# changed\n")
    assert installed.run("greet").returncode == 0
    changed = install_stamp(installed)
    assert changed != before
    assert installed.run("greet").returncode == 0
    assert install_stamp(installed) == changed


def test_extras_are_added_once_and_stay(installed: TinyProject):
    assert installed.run("setup", "test").returncode == 0
    with_test = install_stamp(installed)
    assert json.loads(installed.state.read_text())["extras"] == ["test"]
    assert installed.run("setup", "test").returncode == 0
    assert installed.run("greet").returncode == 0
    assert install_stamp(installed) == with_test


def test_a_failed_download_is_a_sentence_and_leaves_what_worked(installed: TinyProject):
    state = installed.state.read_text()
    needs = installed.folder / "needs"
    constraints = (installed.folder / "constraints.txt").read_text()
    needs.write_text("Requires-Dist: a-package-that-is-not-there\n")
    (installed.folder / "constraints.txt").write_text(constraints + "# needs another package\n")
    failed = installed.run("greet")
    assert failed.returncode == 1
    assert "Traceback" not in failed.stderr
    assert failed.stderr.strip().endswith("and run this command again.")
    assert "has no version that fits" in failed.stderr
    assert installed.state.read_text() == state

    needs.unlink()
    (installed.folder / "constraints.txt").write_text(constraints)
    before = install_stamp(installed)
    assert "ran ['greet']" in installed.run("greet").stdout
    assert install_stamp(installed) == before


def test_a_damaged_state_file_is_installed_over(installed: TinyProject):
    installed.state.write_text('{"step": "do')
    assert "ran ['greet']" in installed.run("greet").stdout
    assert json.loads(installed.state.read_text())["step"] == "done"


def test_a_moved_project_and_another_python_ask_for_a_new_install(tmp_path: Path):
    run = load_run(tmp_path)
    before = run.digest("3.11", ["test"])
    assert before == run.digest("3.11", ["test"])
    assert before != run.digest("3.12", ["test"])
    assert before != run.digest("3.11", [])
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((run.ROOT / name).read_bytes())
    run.ROOT = tmp_path
    assert before != run.digest("3.11", ["test"])


@posix_only
def test_a_killed_install_is_made_anew(tmp_path: Path):
    project = TinyProject(tmp_path / "tiny")
    hold = project.folder / "hold"
    hold.touch()
    running = project.start("greet")
    deadline = time.monotonic() + RUN_S
    while not (project.folder / "held").exists():
        assert running.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)

    second = project.run("greet")  # while the first one is at it
    assert second.returncode == 1
    assert "another run.py is setting up" in second.stderr

    os.killpg(running.pid, signal.SIGKILL)
    running.wait(timeout=WAIT_S)
    hold.unlink()
    half_written = project.site_packages() / "half_written.py"
    half_written.write_text("")
    again = project.run("greet")
    assert "half made" in again.stdout
    assert "ran ['greet']" in again.stdout
    assert not half_written.exists()


def test_a_file_in_the_environments_place_is_named(tmp_path: Path):
    project = TinyProject(tmp_path / "tiny")
    project.environment.write_text("")
    result = project.run("greet")
    assert result.returncode == 1
    assert f"{project.environment} is not a folder" in result.stderr


def test_a_full_disk_is_a_sentence_before_anything_is_made(tmp_path: Path):
    run = load_run(tmp_path)
    run.NEEDED_GB = 1e9
    with pytest.raises(run.SetupError, match="disk is too full"):
        run.make_environment()
    assert not list(tmp_path.iterdir())


def other_interpreters() -> list[Path]:
    home = Path.home()
    names = ("3.7", "3.8", "3.9", "3.10", "3.13", "3.14")
    found = [path for name in names for path in home.glob(f".pyenv/versions/{name}.*/bin/python")]
    found += [Path("/usr/bin") / f"python{name}" for name in names]
    return [path for path in found if path.exists()]


@pytest.mark.skipif(not other_interpreters(), reason="no Python but 3.11 or 3.12 on this machine")
def test_another_python_goes_on_with_a_supported_one_or_says_which_is_wanted(tmp_path: Path):
    project = TinyProject(tmp_path / "tiny")
    project.environment.write_text("")  # which ends the set-up right after the change of Python
    for python in (other_interpreters()[0], other_interpreters()[-1]):
        result = project.run("greet", python=str(python))
        assert result.returncode == 1
        if "going on with" in result.stdout:
            assert "is not a folder" in result.stderr
        else:
            assert "needs Python 3.11 or 3.12" in result.stderr


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "disk is full",
        ),
        (
            "NewConnectionError('<...>: Failed to establish a new connection: [Errno -3] Temporary failure "
            "in name resolution')",
            "no connection",
        ),
        (
            "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate'))",
            "certificate",
        ),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/x'",
            "who owns",
        ),
        ("ERROR: No matching distribution found for mediapipe==0.10.21", "no version that fits"),
        ("something nobody foresaw", "could not install"),
    ],
)
def test_pips_log_becomes_one_sentence(line: str, expected: str):
    sentence = load_run().explain(f"Collecting a\n{line}\n")
    assert expected in sentence
    assert "{" not in sentence


def test_only_missing_libraries_name_their_packages():
    run = load_run()
    assert run.missing({"libnothing-of-that-name.so.9": "libnothing9"}) == ["libnothing9"]
    assert run.apt_line(["a", "b"]) == "sudo apt-get install -y --no-install-recommends a b"


@linux_only
def test_a_library_that_is_there_is_not_missing():
    assert load_run().missing({"libc.so.6": "libc6"}) == []


def test_the_probe_hears_an_answer_and_gives_up_on_silence():
    answers = load_run().answers

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        assert answers(f"http://127.0.0.1:{server.server_port}/", WAIT_S)
        server.shutdown()

    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        begun = time.monotonic()
        assert not answers(f"http://127.0.0.1:{port}/", 0.3)
        assert time.monotonic() - begun < WAIT_S
    with socket.socket() as held:  # bound, and nobody listens
        held.bind(("127.0.0.1", 0))
        assert not answers(f"http://127.0.0.1:{held.getsockname()[1]}/", WAIT_S)


def test_help_says_the_commands_and_sets_nothing_up(tmp_path: Path):
    project = TinyProject(tmp_path / "tiny")
    result = project.run("--help")
    assert result.returncode == 0
    assert "python3 run.py test" in result.stdout
    assert not project.environment.exists()


def test_it_needs_the_standard_library_alone():
    loaded = "import sys, run; print(*{name.split('.')[0] for name in sys.modules} - sys.stdlib_module_names)"
    found = subprocess.run(
        [sys.executable, "-S", "-E", "-c", loaded], cwd=RUN.parent, capture_output=True, text=True, check=True
    )
    assert set(found.stdout.split()) == {"__main__", "run"}
