"""A bad cable: a TCP proxy between the adb server and a phone; slow, stalling, or cut at a chosen byte.

It runs as a process of its own, so that its work is not counted as the program's.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from types import TracebackType

_BURST = 0.05  # seconds of unused rate that may be made up for


class _Cable:
    """The proxy's side: every connection of the adb server to the phone runs through ``_carry``."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.rate = 0.0
        self.carried = 0
        self.cut_at: int | None = None
        self.refusing = False
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.ends: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        for end in list(self.ends):
            end.transport.abort()
        self.ends.clear()

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            writer.transport.abort()
            return
        try:
            phone_reader, phone_writer = await asyncio.open_connection(
                "127.0.0.1", self.target, limit=1 << 20
            )
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, phone_writer}
        self.ends |= ends
        await asyncio.gather(
            self._carry(reader, phone_writer, from_phone=False),
            self._carry(phone_reader, writer, from_phone=True),
        )
        self.ends -= ends

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, from_phone: bool
    ) -> None:
        due = time.monotonic()
        try:
            while data := await reader.read(1 << 16):
                await self.flowing.wait()
                if self.rate:
                    due = max(due, time.monotonic() - _BURST) + len(data) / self.rate
                    await asyncio.sleep(max(0.0, due - time.monotonic()))
                if from_phone:
                    room = None if self.cut_at is None else self.cut_at - self.carried
                    if room is not None and len(data) >= room:
                        self.cut_at = None
                        writer.write(data[: max(room, 0)])
                        await writer.drain()
                        self.cut()
                        return
                    self.carried += len(data)
                writer.write(data)
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def command(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Obey one line after the other; each is answered when it is done."""
        while words := (await reader.readline()).decode().split():
            answer = "done"
            match words:
                case ["rate", rate]:
                    self.rate = float(rate)
                case ["cut"]:
                    self.cut()
                case ["cut_after", count]:
                    self.cut_at = self.carried + int(count)
                case ["mend"]:
                    self.cut_at = None
                case ["stall"]:
                    self.flowing.clear()
                case ["go"]:
                    self.flowing.set()
                case ["refuse", yes]:
                    self.refusing = yes == "yes"
                case ["carried"]:
                    answer = str(self.carried)
            writer.write(f"{answer}\n".encode())
            await writer.drain()
        writer.close()


async def _serve(target: int) -> None:
    cable = _Cable(target)
    line = await asyncio.start_server(cable.connect, "127.0.0.1", 0, limit=1 << 20)
    control = await asyncio.start_server(cable.command, "127.0.0.1", 0)
    ports = (server.sockets[0].getsockname()[1] for server in (line, control))
    sys.stdout.write(" ".join(map(str, ports)) + "\n")
    sys.stdout.flush()
    # Ends with its parent, whose end of this pipe closes however it dies.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


class BadCable:
    """A cable to a phone's port, and the hand that pulls it.

    Parameters
    ----------
    target
        The port of a phone's daemon on this machine.

    Attributes
    ----------
    port
        The port to connect to instead.
    serial
        The adb serial of a phone connected through this cable.
    """

    def __init__(self, target: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(target)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.port, control = (int(word) for word in self._process.stdout.readline().split())
        self.serial = f"127.0.0.1:{self.port}"
        self._control = socket.create_connection(("127.0.0.1", control), timeout=120)
        self._answers = self._control.makefile("r")

    def _tell(self, command: str) -> str:
        self._control.sendall(f"{command}\n".encode())
        return self._answers.readline().strip()

    def limit(self, rate: float) -> None:
        """Carry ``rate`` bytes a second each way from now on; 0 for no limit."""
        self._tell(f"rate {rate}")

    def cut(self) -> None:
        """Cut everything that runs; a new connection can be made."""
        self._tell("cut")

    def cut_after(self, count: int) -> None:
        """Cut when ``count`` more bytes have come from the phone."""
        self._tell(f"cut_after {count}")

    def mend(self) -> None:
        """Take `cut_after` back, where so many bytes did not come."""
        self._tell("mend")

    def stall(self) -> None:
        """Carry nothing, and cut nothing."""
        self._tell("stall")

    def go(self) -> None:
        """Carry again after ``stall``."""
        self._tell("go")

    def refuse(self, yes: bool) -> None:
        """Let no new connection through, or let them again."""
        self._tell(f"refuse {'yes' if yes else 'no'}")

    @property
    def carried(self) -> int:
        """Bytes from the phone so far."""
        return int(self._tell("carried"))

    def close(self) -> None:
        """Take the cable away."""
        self._answers.close()
        self._control.close()
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> BadCable:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
