"""Sets sketch_app up on a fresh machine and runs it: `python3 run.py`, `python3 run.py test`.

The standard library alone, and a syntax that Python 3.7 can read, so that an old Python too ends in a
sentence. What the program does once it is installed lives in `sketch_app.cli`, not here.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import NoReturn

USAGE = """\
python3 run.py                    set up, then show what the program does (sketch-app demo)
python3 run.py open               set up, then open the window
python3 run.py test [ARGUMENTS]   set up, then run the tests; ARGUMENTS go to pytest
python3 run.py check              set up, then lint, formatting, types and import contracts
python3 run.py setup [EXTRAS]     set up only; EXTRAS: test, lint, train
python3 run.py COMMAND ...        set up, then sketch-app COMMAND ...

Everything goes into the folder .venv beside this file (SKETCH_APP_VENV names another one)."""

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / os.environ.get("SKETCH_APP_VENV", ".venv")
STATE = ENVIRONMENT / "sketch-app-setup.json"
LOCK = ENVIRONMENT / "sketch-app-setup.lock"
LOG = ENVIRONMENT / "install.log"

# Best proven first: constraints.txt was run on 3.11. MediaPipe 0.10.21 has no wheel for 3.13.
SUPPORTED = ("3.11", "3.12")
EXTRAS_OF = {"test": ("test",), "check": ("lint",)}
CHECKS = (("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",), ("lint-imports",))

# PyTorch's own public address. On Linux the plain `torch` is the CUDA build, several GB larger.
CPU_TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
PROBE_SECONDS = 5.0

# An installed environment takes 2.8 GB; the wheels on their way into it lie beside it for a moment.
NEEDED_GB = 4.0

# Shared library -> Debian package that a bare Debian 12 lacks. Without the first ones OpenCV and Qt do not
# load at all; the others are for a window on a display.
LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libEGL.so.1": "libegl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxkbcommon.so.0": "libxkbcommon0",
}
WINDOW_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
}

# Words of pip's log -> what happened and what to do. The first that is found counts.
REASONS = (
    (
        ("No space left on device", "not enough space on the disk"),
        "The disk is full: about {need:.0f} GB are needed in {folder}. Free some space",
    ),
    (
        ("CERTIFICATE_VERIFY_FAILED", "SSLCertVerificationError"),
        "The package index's certificate is not trusted: set this machine's clock, or pip's `cert` option",
    ),
    (
        (
            *("Failed to establish a new connection", "NameResolutionError", "Max retries exceeded"),
            *("ConnectTimeoutError", "Read timed out", "ProxyError", "Connection aborted", "IncompleteRead"),
        ),
        "The packages could not be downloaded: there is no connection to the package index. Connect this "
        "machine to the internet, or point pip at an index it can reach",
    ),
    (
        ("Permission denied", "PermissionError"),
        "A file could not be written: see who owns {folder}",
    ),
    (
        ("No matching distribution found", "ResolutionImpossible"),
        "The package index has no version that fits {platform}; the end of {log} names the package. "
        "See that pip reaches a complete index",
    ),
)


class SetupError(Exception):
    """The set-up cannot go on; the text says why and what to do."""


def say(text: str) -> None:
    """Print a line of progress at once, ahead of what a child process prints."""
    print(f"run.py: {text}", flush=True)


# --- the Python that carries the environment ---------------------------------------------------------------


def this_python() -> str:
    """The running interpreter's version as "3.11"; "32-bit" where it is one."""
    return ".".join(platform.python_version_tuple()[:2]) if sys.maxsize > 2**32 else "32-bit"


def python_version(*command: str) -> tuple[str, str] | None:
    """Version, as `this_python` gives it, and path of an interpreter; None where it does not run."""
    width = "'%d.%d' % sys.version_info[:2] if sys.maxsize > 2**32 else '32-bit'"
    question = f"import sys; print({width}, sys.executable)"
    try:
        answer = subprocess.run([*command, "-c", question], capture_output=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    version, _, path = os.fsdecode(answer.stdout).strip().partition(" ")
    return version, path


def other_python() -> str | None:
    """Path of a supported interpreter elsewhere on this machine."""
    for version in SUPPORTED:
        commands = [["py", f"-{version}"]] if os.name == "nt" else [[f"python{version}"]]
        # Where installers put it without always putting it on the PATH.
        for folder, pattern in (
            ("/opt/homebrew/bin", f"python{version}"),
            ("/usr/local/bin", f"python{version}"),
            ("/Library/Frameworks/Python.framework/Versions", f"{version}/bin/python3"),
            ("~/.pyenv/versions", f"{version}.*/bin/python"),
            ("~/.local/share/uv/python", f"cpython-{version}*/bin/python3"),
        ):
            commands += [[str(path)] for path in sorted(Path(folder).expanduser().glob(pattern))]
        for command in commands:
            found = python_version(*command)
            if found and found[0] == version:
                return found[1]
    return None


def check_platform() -> None:
    """Refuse, before any download, the machines for which a needed package has no wheel."""
    system, machine = platform.system(), platform.machine().lower()
    machines = {"Linux": ("x86_64",), "Windows": ("amd64",), "Darwin": ("arm64",)}
    if machine not in machines.get(system, ()):
        raise SetupError(
            "sketch_app runs on Linux x86-64, Windows x64 and macOS on Apple silicon; for a Python of "
            f"{system} {machine} there is no MediaPipe or no PyTorch to install."
        )


def change_python() -> NoReturn:
    """Go on with a supported interpreter of this machine."""
    other = other_python()
    if other is None:
        advice = "with the system's packages (python3.11 and python3.11-venv)"
        if os.name == "nt":
            advice = "with `winget install Python.Python.3.11`"
        elif sys.platform == "darwin":
            advice = "with `brew install python@3.11`"
        raise SetupError(
            f"sketch_app needs Python 3.11 or 3.12 (64-bit); this is {this_python()} ({sys.executable}), "
            f"and no other was found. Install one {advice} or from python.org, and run this command again."
        )
    say(f"this is Python {this_python()}; going on with {other}")
    become([other, str(ROOT / "run.py"), *sys.argv[1:]], os.environ)


# --- the shared libraries of Debian and Ubuntu -------------------------------------------------------------


def missing(libraries: Mapping[str, str]) -> list[str]:
    """The packages of those shared libraries that the system's loader does not find."""
    packages = []
    for library, package in libraries.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            packages.append(package)
    return packages


def apt_line(packages: Iterable[str]) -> str:
    """What a person types to install packages."""
    return "sudo apt-get install -y --no-install-recommends " + " ".join(packages)


def apt_install(packages: list[str]) -> bool:
    """Install Debian packages as root or through sudo; False where that is not possible or fails."""
    apt, sudo = shutil.which("apt-get"), shutil.which("sudo")
    if apt is None or (os.geteuid() != 0 and sudo is None):
        return False
    command = ["env", "DEBIAN_FRONTEND=noninteractive", apt, "-q", "-o", "DPkg::Lock::Timeout=120"]
    if os.geteuid() != 0 and sudo is not None:
        # Without a terminal nobody can type a password: sudo must then do without one or fail at once.
        command = [sudo, *([] if sys.stdin and sys.stdin.isatty() else ["-n"]), *command]
    say("installing system packages: " + " ".join(packages))
    install = [*command, "install", "-y", "--no-install-recommends", *packages]
    lists_are_there = any(Path("/var/lib/apt/lists").glob("*_Packages*"))
    if lists_are_there and subprocess.call(install, stdin=subprocess.DEVNULL) == 0:
        return True
    # A source that does not answer is no reason to stop: the packages may stand in another one.
    subprocess.call([*command, "update"], stdin=subprocess.DEVNULL)
    return subprocess.call(install, stdin=subprocess.DEVNULL) == 0


def provide_system_packages() -> None:
    """Install what the system lacks; stop only for what nothing runs without."""
    if not sys.platform.startswith("linux"):
        return
    needed, for_window = missing(LIBRARIES), missing(WINDOW_LIBRARIES) if has_display() else []
    # Debian and Ubuntu keep what a virtual environment needs in a package of its own.
    if (
        this_python() in SUPPORTED
        and not program("pip").exists()
        and not importlib.util.find_spec("ensurepip")
    ):
        needed.append(f"python{this_python()}-venv")
    packages = needed + for_window
    if not packages or apt_install(packages):
        return
    if needed:
        raise SetupError(
            f"system packages are missing and could not be installed from here. Please type\n\n"
            f"    {apt_line(packages)}\n\n"
            "(elsewhere than on Debian and Ubuntu: install the same with the system's own package tool), "
            "and run this command again."
        )
    say(f"a window on this display needs more system libraries; please type: {apt_line(packages)}")


# --- the virtual environment -------------------------------------------------------------------------------


def program(name: str) -> Path:
    """Path of a program inside the environment."""
    return ENVIRONMENT / "Scripts" / f"{name}.exe" if os.name == "nt" else ENVIRONMENT / "bin" / name


def digest(version: str, extras: Iterable[str]) -> str:
    """Hash of all that decides what is installed; the folder counts: the install points back into it."""
    content = hashlib.sha256(json.dumps([version, sorted(extras), str(ROOT)]).encode())
    for name in ("pyproject.toml", "constraints.txt"):
        content.update(hashlib.sha256((ROOT / name).read_bytes()).digest())
    return content.hexdigest()


def recorded() -> dict[str, object]:
    """What the last set-up wrote down; empty where there was none or its file is damaged."""
    try:
        state = json.loads(STATE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def recorded_extras() -> set[str]:
    """The extras that are installed already."""
    extras = recorded().get("extras")
    return {str(extra) for extra in extras} if isinstance(extras, list) else set()


def record(**state: object) -> None:
    """Write the state whole or not at all."""
    draft = STATE.with_suffix(".tmp")
    draft.write_text(json.dumps(state), encoding="utf-8")
    draft.replace(STATE)


def is_ready(extras: Iterable[str]) -> bool:
    """Whether the environment holds what the project's files ask for, these extras included."""
    state, held = recorded(), recorded_extras()
    if state.get("step") != "done" or not held.issuperset(extras):
        return False
    found = python_version(str(program("python")))
    return found is not None and state.get("digest") == digest(found[0], held)


def clear_half_made() -> None:
    """Empty the environment's folder unless a working environment stands in it.

    An install that was interrupted may have left a package half written, which pip would take for whole.
    """
    found = python_version(str(program("python")))
    works = found is not None and found[0] in SUPPORTED and program("pip").exists()
    leftovers = [path for path in ENVIRONMENT.iterdir() if path != LOCK]
    if not leftovers or (works and recorded().get("step") != "installing"):
        return
    say(f"{ENVIRONMENT} is half made, or made by another Python: making it anew")
    for path in leftovers:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


@contextlib.contextmanager
def setup_lock() -> Iterator[None]:
    """Hold the environment for one set-up at a time: two would take each other's work for half made."""
    if ENVIRONMENT.exists() and not ENVIRONMENT.is_dir():
        raise SetupError(f"{ENVIRONMENT} is not a folder: move it away, and run this command again.")
    ENVIRONMENT.mkdir(parents=True, exist_ok=True)
    with LOCK.open("w") as lock:
        try:
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SetupError(f"another run.py is setting up {ENVIRONMENT}: wait until it is done.") from None
        yield


def make_environment() -> None:
    """Make the virtual environment, unless a working one stands there already."""
    clear_half_made()
    if program("pip").exists():
        return
    free = shutil.disk_usage(ENVIRONMENT).free / 1e9
    if free < NEEDED_GB:
        raise SetupError(
            f"the disk is too full: about {NEEDED_GB:.0f} GB are needed in {ENVIRONMENT}, {free:.1f} GB are "
            "free. Free some space, and run this command again."
        )
    say(f"making the virtual environment {ENVIRONMENT}")
    if subprocess.call([sys.executable, "-m", "venv", str(ENVIRONMENT)], stdin=subprocess.DEVNULL) != 0:
        raise SetupError(f"the virtual environment {ENVIRONMENT} could not be made; the lines above say why.")


# --- the install -------------------------------------------------------------------------------------------


def has_nvidia_device() -> bool:
    """Whether this Linux machine has an NVIDIA device with its driver."""
    return shutil.which("nvidia-smi") is not None or Path("/proc/driver/nvidia/version").exists()


def answers(address: str, seconds: float) -> bool:
    """Whether a web address answers soon; in a thread, because a name server can take long to fail."""
    heard = threading.Event()

    def ask() -> None:
        with contextlib.suppress(OSError, ValueError), urllib.request.urlopen(address, timeout=seconds):
            heard.set()

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return heard.is_set()


def pip_install(*arguments: str) -> bool:
    """Run the environment's pip: its progress on the terminal, its whole story in the log."""
    scratch = ENVIRONMENT / "tmp"  # on the project's disk: /tmp is often a small one in memory
    scratch.mkdir(exist_ok=True)
    LOG.unlink(missing_ok=True)
    command = [str(program("python")), "-m", "pip", "install", "--no-input", "--log", str(LOG), *arguments]
    settings = {**os.environ, "TMPDIR": str(scratch), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    try:
        return subprocess.call(command, cwd=ROOT, env=settings, stdin=subprocess.DEVNULL) == 0
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def explain(log: str) -> str:
    """One sentence for what pip's log says went wrong."""
    for words, sentence in REASONS:
        if any(word in log for word in words):
            return sentence.format(need=NEEDED_GB, folder=ENVIRONMENT, platform=platform.platform(), log=LOG)
    return f"pip could not install the project: read the end of {LOG}"


def install_cpu_torch() -> None:
    """Take PyTorch's CPU build where there is no NVIDIA device; else torch comes with the rest."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pin = next((line for line in lines if line.startswith("torch==")), None)
    if pin is None or not sys.platform.startswith("linux") or has_nvidia_device():
        return
    if answers(f"{CPU_TORCH_INDEX}/torch/", PROBE_SECONDS):
        say("no NVIDIA device: installing PyTorch's CPU build")
        # Without its dependencies: that index is asked for nothing but torch itself.
        if pip_install("--no-deps", "--index-url", CPU_TORCH_INDEX, pin):
            return
    say("PyTorch's CPU index cannot be reached: taking torch from pip's own index (maybe the CUDA build)")


def install(extras: list[str]) -> None:
    """Install the project, editable, with the proven versions."""
    before = recorded()
    record(step="installing", extras=extras)
    install_cpu_torch()
    say("installing the packages; the first time this takes some minutes")
    target = f".[{','.join(extras)}]" if extras else "."
    if not pip_install("-c", "constraints.txt", "-e", target):
        log = LOG.read_text(encoding="utf-8", errors="replace") if LOG.exists() else ""
        if before and "Installing collected packages" not in log:
            record(**before)  # nothing was touched: what worked before still does
        raise SetupError(f"{explain(log)}, and run this command again.")
    found = python_version(str(program("python")))
    record(step="done", extras=extras, digest=digest(found[0] if found else "", extras))


def set_up(extras: Iterable[str]) -> None:
    """Bring the environment to what the project's files ask for; at once where it is there already."""
    provide_system_packages()
    if is_ready(extras):
        return
    if this_python() not in SUPPORTED:
        change_python()
    with setup_lock():
        make_environment()
        install(sorted(recorded_extras().union(extras)))
    say(f"everything is installed in {ENVIRONMENT}")


# --- the start ---------------------------------------------------------------------------------------------


def has_display() -> bool:
    """Whether a window can be shown; only Linux is ever without."""
    linux = sys.platform.startswith("linux")
    return not linux or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def become(command: list[str], settings: Mapping[str, str]) -> NoReturn:
    """Run a program in this one's place, so that its signals and its exit status are its own."""
    sys.stdout.flush()
    if os.name == "nt":  # exec on Windows would give the terminal back too early
        sys.exit(subprocess.call(command, env=settings))
    os.execve(command[0], command, settings)


def start(command: str, arguments: list[str]) -> int:
    """Run what was asked for, inside the environment."""
    settings = dict(os.environ)
    if command in ("setup", "check", "test"):
        os.chdir(ROOT)
    if command == "setup":
        return 0
    if command == "check":
        return max(subprocess.call([str(program(name)), *options]) for name, *options in CHECKS)
    if command == "test":
        become([str(program("python")), "-m", "pytest", *arguments], settings)
    if not has_display() and "QT_QPA_PLATFORM" not in settings:
        if command == "open":
            raise SetupError("there is no display for a window; `python3 run.py` shows the demo without one.")
        settings["QT_QPA_PLATFORM"] = "offscreen"
    words = (
        arguments if command == "open" else [command, *arguments]
    )  # the window is sketch-app without a command
    become([str(program("sketch-app")), *words], settings)


def main(arguments: list[str]) -> int:
    """Set up, then start; every failure is a sentence and an exit status that is not zero."""
    if arguments and arguments[0] in ("-h", "--help"):
        print(USAGE)
        return 0
    if not arguments or arguments[0].startswith("-"):
        arguments = ["demo", *arguments]
    command, *rest = arguments
    try:
        check_platform()
        set_up(rest if command == "setup" else EXTRAS_OF.get(command, ()))
        return start(command, rest)
    except SetupError as error:
        reason = str(error)
    except KeyboardInterrupt:
        reason = "interrupted; the next start takes it up again."
    except OSError as error:
        advice = "Free some space on that disk" if error.errno == errno.ENOSPC else "Put that right"
        reason = f"{error}. {advice}, and run this command again."
    print(f"run.py: {reason}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
