"""A project of one module with a build backend of its own: run.py sets it up in full, without network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.support.waiting import RUN_S

RUN = Path(__file__).resolve().parents[2] / "run.py"

_PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "sketch-app"
version = "0.1.0"
"""

# Builds the editable wheel by hand, as PEP 660 says; while a file named "hold" lies there, it waits.
_BACKEND = '''\
import pathlib, time, zipfile

MODULE = """
import os, sys
def main():
    print("ran", sys.argv[1:], os.environ.get("QT_QPA_PLATFORM"), flush=True)
    sys.exit(7 if "fail" in sys.argv else 0)
"""

def build_editable(folder, config_settings=None, metadata_directory=None):
    while pathlib.Path("hold").exists():
        pathlib.Path("held").touch()
        time.sleep(0.02)
    needs = pathlib.Path("needs").read_text() if pathlib.Path("needs").exists() else ""
    info = "sketch_app-0.1.0.dist-info/"
    files = {
        "tiny_cli.py": MODULE,
        info + "METADATA": "Metadata-Version: 2.1\\nName: sketch-app\\nVersion: 0.1.0\\n"
        "Provides-Extra: test\\n" + needs,
        info + "WHEEL": "Wheel-Version: 1.0\\nGenerator: tiny\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        info + "entry_points.txt": "[console_scripts]\\nsketch-app = tiny_cli:main\\n",
    }
    files[info + "RECORD"] = "".join(name + ",,\\n" for name in [*files, info + "RECORD"])
    name = "sketch_app-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder) / name, "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
    return name
'''


class TinyProject:
    """The project in a folder of its own, and a way to call its run.py as a person would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        shutil.copy(RUN, folder / "run.py")
        (folder / "pyproject.toml").write_text(_PYPROJECT)
        (folder / "constraints.txt").write_text("")
        (folder / "backend.py").write_text(textwrap.dedent(_BACKEND))

    @property
    def environment(self) -> Path:
        return self.folder / ".venv"

    @property
    def state(self) -> Path:
        return self.environment / "sketch-app-setup.json"

    @property
    def install_log(self) -> Path:
        return self.environment / "install.log"

    def site_packages(self) -> Path:
        windows = self.environment / "Lib" / "site-packages"
        return windows if windows.exists() else next(self.environment.glob("lib/python*/site-packages"))

    def settings(self, **changes: str) -> dict[str, str]:
        dropped = ("SKETCH_APP_VENV", "DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "PYTHONPATH")
        kept = {name: value for name, value in os.environ.items() if name not in dropped}
        return {**kept, "PIP_NO_INDEX": "1", **changes}

    def run(
        self, *arguments: str, python: str = sys.executable, **changes: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, str(self.folder / "run.py"), *arguments],
            capture_output=True,
            text=True,
            timeout=RUN_S,
            stdin=subprocess.DEVNULL,
            env=self.settings(**changes),
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start run.py at the head of a process group that can be killed as a whole."""
        return subprocess.Popen(
            [sys.executable, str(self.folder / "run.py"), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self.settings(),
            start_new_session=True,
        )
