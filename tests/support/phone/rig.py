"""A test phone: the real Android daemon in a chroot, a private adb server, and the hand on the plug."""

from __future__ import annotations

import hashlib
import importlib.util
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO

from tests.support.waiting import WAIT_S

_HERE = Path(__file__).parent
_FETCH_TIMEOUT = 240.0  # seconds; 36 MB from a mirror
_FEATURES = "shell_v2,cmd,stat_v2,ls_v2,sendrecv_v2,sendrecv_v2_brotli,sendrecv_v2_lz4,sendrecv_v2_zstd"
_ASKED_AGAIN_S = 5.0  # a phone that answers at all does so within one
_SHELL_USER = 2000  # Android's AID_SHELL, as whom adbd reads a phone
# What rows of MediaStore hold, in the order of the stand-in's file.
_MEDIA_COLUMNS = (
    "_id",
    "media_type",
    "_size",
    "date_modified",
    "datetaken",
    "orientation",
    "is_favorite",
    "is_trashed",
    "is_pending",
    "mime_type",
    "_data",
)


class RigUnavailable(Exception):
    """A test phone cannot be had on this machine; the message says why, in plain words."""


def wait_until(condition: Callable[[], object], *, what: str, seconds: float = WAIT_S) -> None:
    """Poll ``condition`` until it is true.

    Raises
    ------
    TimeoutError
        It was not within ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(0.02)


def free_port() -> int:
    """A port that nothing listens on; adb looks for emulators by itself on 5555 to 5585."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if not 5554 <= port <= 5586:
            return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _output_of(ended: subprocess.CalledProcessError | subprocess.TimeoutExpired) -> str:
    words = (ended.stderr or b"").decode("utf-8", "replace").strip().splitlines()
    return words[-1] if words else str(ended)


def fetched_adbd() -> Path:
    """The folder with the unpacked daemon, fetched once a machine into the person's cache.

    SKETCH_APP_TEST_ADBD names a folder that was filled before.

    Raises
    ------
    RigUnavailable
        This machine cannot run it, or it cannot be fetched.
    """
    if sys.platform != "linux":
        raise RigUnavailable("the test phone is a Linux daemon")
    for program in ("apt-get", "dpkg-deb", "gcc", "unshare", "setpriv", "bash"):
        if shutil.which(program) is None:
            raise RigUnavailable(f"the test phone needs {program}")
    if given := os.environ.get("SKETCH_APP_TEST_ADBD"):
        if not (Path(given) / "usr/lib/android-sdk/platform-tools/adbd").is_file():
            raise RigUnavailable(f"SKETCH_APP_TEST_ADBD names a folder without adbd: {given}")
        return Path(given)
    script = _HERE / "fetch_adbd.sh"
    version = hashlib.sha256(script.read_bytes()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sketch-app-tests"
    kept = cache / f"adbd-{version}"
    if not kept.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        partial = cache / f"adbd-{version}.{os.getpid()}"
        try:
            subprocess.run(["bash", script, partial], check=True, capture_output=True, timeout=_FETCH_TIMEOUT)
            (partial / "root").rename(kept)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise RigUnavailable(f"adbd cannot be fetched: {_output_of(error)}") from error
        except OSError as error:  # another test run was quicker, or the disk is full
            if not kept.is_dir():
                raise RigUnavailable(f"adbd cannot be kept in {cache}: {error}") from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return kept


def bundled_adb() -> Path:
    """The adb inside adbutils.

    Raises
    ------
    RigUnavailable
        adbutils is not installed, or has none for this machine.
    """
    found = importlib.util.find_spec("adbutils")
    program = Path(found.origin).parent / "binaries" / "adb" if found and found.origin else None
    if program is None or not program.is_file():
        raise RigUnavailable("adbutils with its adb is not installed")
    return program


class Rig:
    """An adb server of its own and the phones on it; nothing of the person's is touched.

    Parameters
    ----------
    folder
        An empty folder; phones live in it.

    Attributes
    ----------
    port
        The adb server's port.
    environment
        What a program needs in its environment to use this server, and what the server itself needs.

    Raises
    ------
    RigUnavailable
        This machine cannot run a test phone.
    """

    def __init__(self, folder: Path) -> None:
        self.adbd = fetched_adbd()
        self.adb = bundled_adb()
        self.folder = folder
        self.port = free_port()
        self.phones: list[Phone] = []
        self._server: subprocess.Popen[bytes] | None = None
        home = folder / "home"
        home.mkdir(parents=True)
        # No looking about: not for phones on USB, on the network, or in emulators.
        self.environment = {
            "ADB_MDNS": "0",
            "ADB_USB": "0",
            "ADB_EMU": "0",
            "HOME": str(home),
            "TMPDIR": str(folder),
            "ANDROID_ADB_SERVER_PORT": str(self.port),
        }
        self._preload = folder / "loopback_only.so"
        try:
            subprocess.run(
                ["gcc", "-shared", "-fPIC", "-O2", "-o", self._preload, _HERE / "loopback_only.c", "-ldl"],
                check=True,
                capture_output=True,
                timeout=WAIT_S,
            )
            namespace = ["unshare", "-m"] if os.getuid() == 0 else ["unshare", "-Ur", "-m"]
            subprocess.run([*namespace, "true"], check=True, capture_output=True, timeout=WAIT_S)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise RigUnavailable(f"the test phone cannot be built here: {_output_of(error)}") from error
        self._log: IO[bytes] = (folder / "adb.log").open("ab")
        self.start_server()

    def start_server(self) -> None:
        """Start the adb server."""
        self._server = subprocess.Popen(
            [self.adb, "-P", str(self.port), "nodaemon", "server"],
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        wait_until(lambda: _listens(self.port), what="the adb server")

    def kill_server(self) -> None:
        """End the adb server at once, whoever started it."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None
        elif _listens(self.port):
            self.run("kill-server")
        wait_until(lambda: not _listens(self.port), what="the adb server's end")

    def run(self, *words: str) -> str:
        """Run the adb program against this server, and return what it prints."""
        return subprocess.run(
            [self.adb, "-P", str(self.port), *words],
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=WAIT_S,
        ).stdout

    def states(self) -> dict[str, str]:
        """The state of every device that the server knows, by adb serial."""
        lines = (line.split("\t") for line in self.run("devices").splitlines())
        return {words[0]: words[1] for words in lines if len(words) == 2}

    def connect(self, serial: str, *, state: str = "device") -> None:
        """Connect to ``HOST:PORT`` and wait until the server says ``state`` of it.

        A connection that is made while the server still takes a cut one down is sometimes taken down with it
        ("connected to", and then no such device for good): it is made again, as a person plugs a cable in
        again.
        """
        asked = -math.inf

        def connected() -> bool:
            nonlocal asked
            if self.states().get(serial) == state:
                return True
            if time.monotonic() - asked > _ASKED_AGAIN_S:
                if asked > 0:
                    self.run("disconnect", serial)
                self.run("connect", serial)
                asked = time.monotonic()
            return False

        wait_until(connected, what=f"{serial} to be {state}")

    def disconnect(self, serial: str) -> None:
        """Take a phone off the server's list at once, as a pulled cable does."""
        self.run("disconnect", serial)

    def phone(self, serial: str = "R3CX10TEST0", model: str = "SM-S928N", name: str = "") -> Phone:
        """Make a phone; it is not plugged in yet."""
        phone = Phone(self, serial, model, name)
        self.phones.append(phone)
        return phone

    def close(self) -> None:
        """End every process this rig started."""
        for phone in self.phones:
            phone.stop()
        self.kill_server()
        self._log.close()

    def __enter__(self) -> Rig:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Phone:
    """One phone of a rig.

    Attributes
    ----------
    hardware_serial
        What the phone says its serial is, by whatever address it comes.
    port, serial
        Where its daemon listens, and its adb serial there.
    root
        Its ``/`` on this machine.
    storage
        Its ``/sdcard``, that is ``/storage/emulated/0``, on this machine.
    """

    def __init__(self, rig: Rig, hardware_serial: str, model: str, name: str) -> None:
        self.rig = rig
        self.hardware_serial = hardware_serial
        self.model = model
        self.port = free_port()
        self.serial = f"127.0.0.1:{self.port}"
        self.root = rig.folder / f"phone-{hardware_serial}"
        self._process: subprocess.Popen[bytes] | None = None
        subprocess.run(["bash", _HERE / "mkphone.sh", rig.adbd, self.root], check=True)
        shutil.copy(rig.folder / "loopback_only.so", self.root / "usr/lib")
        for command in ("content", "getprop", "settings"):
            placed = self.root / "usr/bin" / command
            placed.unlink(missing_ok=True)
            shutil.copy(_HERE / f"{command}.sh", placed)
            placed.chmod(0o755)
        self.data = self.root / "data"
        self.storage = self.root / "storage/emulated/0"
        properties = {
            "ro.serialno": hardware_serial,
            "ro.product.model": model,
            "ro.product.manufacturer": "samsung",
            "ro.build.version.release": "16",
            "device_name": name,
        }
        self.set_properties(properties)

    def set_properties(self, properties: Mapping[str, str]) -> None:
        """Say what ``getprop`` tells, and under ``device_name`` what the person called the phone."""
        lines = (f"{key}={value}\n" for key, value in properties.items() if value)
        (self.data / "props").write_text("".join(lines))

    def put(self, path: str | bytes, data: bytes = b"", *, mtime: int = 1_700_000_000) -> Path:
        """Write a file under ``/sdcard``, as the phone's camera would."""
        file = self.storage / os.fsdecode(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        os.utime(file, (mtime, mtime))
        return file

    def card(self, volume: str = "1A2B-3C4D") -> Path:
        """The folder of an SD card, put in if it was not."""
        card = self.root / "storage" / volume
        card.mkdir(exist_ok=True)
        return card

    def set_media(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Fill the phone's MediaStore; a column that a row leaves out is NULL, ``_data`` may be bytes."""

        def spelled(value: object) -> bytes:
            raw = value if isinstance(value, bytes) else str("NULL" if value is None else value).encode()
            return raw.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\t", b"\\t")

        lines = [b"\t".join(name.encode() for name in _MEDIA_COLUMNS)]
        lines += [b"\t".join(spelled(row.get(name)) for name in _MEDIA_COLUMNS) for row in rows]
        (self.data / "media.rows").write_bytes(b"".join(line + b"\n" for line in lines) if lines[1:] else b"")

    def start(self) -> None:
        """Start the daemon."""
        if self._process is not None:
            return
        user = ""
        if os.getuid() == 0:
            user = f"{_SHELL_USER}:{_SHELL_USER}"
            # adbd keeps its own things under /data; the pictures it only reads.
            subprocess.run(["chown", "-R", user, self.data], check=True)
        model = self.model.replace("-", "_")
        script = _HERE / "start_adbd.sh"
        names = "".join(f"ro.product.{key}={model};" for key in ("name", "model", "device"))
        with (self.root / "tmp/adbd.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["bash", script, self.root, str(self.port), f"device::{names}features={_FEATURES}", user],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )  # fmt: skip
        wait_until(self._started, what="adbd")

    def _started(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            words = (self.root / "tmp/adbd.log").read_text(errors="replace").strip().splitlines()[-3:]
            raise RigUnavailable(f"adbd does not start here: {' / '.join(words)}")
        return _listens(self.port)

    def stop(self) -> None:
        """End the daemon at once; the server says ``offline`` of it, and tries to come back."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def plug(self, *, by: str = "") -> None:
        """Connect the phone and wait until it is ready; ``by`` another adb serial, such as a bad cable's."""
        self.start()
        self.rig.connect(by or self.serial)

    def unplug(self, *, by: str = "") -> None:
        """Pull the cable."""
        self.rig.disconnect(by or self.serial)

    def freeze(self) -> None:
        """Let the daemon answer nothing, and the server still say ``device`` of it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it answer again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
