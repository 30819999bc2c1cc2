"""The laboratory: network namespaces with slow, lossy or narrow wires between them. Benches and
fault tests put a server into one place, its clients into others, and break the wires.

Needs root, iproute2, nftables and ethtool; everything it makes goes when the block ends.
"""

import asyncio
import ctypes
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, TypeVar

T = TypeVar("T")

_NAMES = "farmlive-lab-"
_NEWNET = 0x40000000
_WIRE = str(Path(__file__).with_name("slow_wire.py"))
# A packet dropped must be one packet, and a frame that is carried by hand must be whole.
_PLAIN = ("tx", "rx", "sg", "tso", "gso", "gro", "tx-udp-segmentation")


def missing() -> str:
    """Return what this machine lacks for a laboratory, as a sentence; empty if nothing."""
    if os.geteuid() != 0:
        return "Network namespaces need root: run this with sudo, or as root."
    tools = {"ip": "iproute2", "tc": "iproute2", "nft": "nftables", "ethtool": "ethtool"}
    lacking = sorted({package for tool, package in tools.items() if not shutil.which(tool)})
    if lacking:
        return f"Network namespaces need {', '.join(lacking)}: apt-get install {' '.join(lacking)}."
    tried = subprocess.run(
        ["unshare", "--net", "nft", "add table inet lab"], capture_output=True, text=True
    )
    if tried.returncode:
        return f"This kernel gives no network namespace with nftables: {tried.stderr.strip()}"
    return ""


def run(*words: str) -> str:
    """Run a command and return its output; an error is raised with its message."""
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


class Place:
    """One network namespace: a machine of its own, as far as the network goes."""

    def __init__(self, name: str) -> None:
        self.name = name
        run("ip", "netns", "add", name)
        self.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
        self.run("sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1")
        self.run("ip", "link", "set", "lo", "up")
        self.run(
            "nft",
            "add table inet lab; add chain inet lab in { type filter hook input priority 0; }",
        )

    def command(self, *words: str) -> list[str]:
        """The command line that runs a program here."""
        return ["ip", "netns", "exec", self.name, *words]

    def run(self, *words: str) -> str:
        """Run a command here and return its output."""
        return run(*self.command(*words))

    def enter(self) -> None:
        """Move the calling thread here: the sockets that it opens from now on, and its threads."""
        libc = ctypes.CDLL(None, use_errno=True)
        with Path(f"/run/netns/{self.name}").open() as namespace:
            if libc.setns(namespace.fileno(), _NEWNET):
                raise OSError(ctypes.get_errno(), f"setns to {self.name}")

    async def here(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Await a coroutine in an event loop and a thread of its own here.

        Where the caller is cancelled, so is the coroutine, and its end is waited for: what goes
        wrong there is raised, or TimeoutError where it does not end.
        """
        caller = asyncio.get_running_loop()
        done: asyncio.Future[T] = caller.create_future()
        inner: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[T]]] = []

        def settle(result: T | None, error: BaseException | None) -> None:
            if done.done():
                return
            if isinstance(error, asyncio.CancelledError):
                done.cancel()
            elif error is not None:
                done.set_exception(error)
            else:
                done.set_result(result)  # type: ignore[arg-type]

        async def watched() -> T:
            task = asyncio.ensure_future(work())
            inner.append((asyncio.get_running_loop(), task))
            return await task

        def thread() -> None:
            result = error = None
            try:
                self.enter()
                result = asyncio.run(watched())
            except BaseException as raised:
                error = raised
            caller.call_soon_threadsafe(settle, result, error)

        threading.Thread(target=thread, name=self.name, daemon=True).start()
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            for loop, task in inner:
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(task.cancel)
            with suppress(asyncio.CancelledError):
                await asyncio.wait_for(done, 10)
            raise


class Wire:
    """A link between two places, with an address at each end: `address` is the client's."""

    def __init__(
        self,
        ends: tuple[Place, Place],
        middle: Place,
        number: int,
        carrier: subprocess.Popen[str],
    ) -> None:
        self.client, self.far = ends
        self._middle, self.number = middle, number
        self.interface = f"wire{number}"
        self.address, self.gateway = f"10.77.{number}.2", f"10.77.{number}.1"
        self.carrier = carrier

    def up(self, *, default: bool = True) -> None:
        """Connect the client to this wire; by default it routes all its traffic over it."""
        self.client.run("ip", "link", "set", self.interface, "up")
        if default:
            self.client.run("ip", "route", "replace", "default", "via", self.gateway)

    def down(self) -> None:
        """Disconnect the client, as a phone leaves a network: its address is gone."""
        self.client.run("ip", "link", "set", self.interface, "down")

    def lose(self, share: float, *, towards: tuple[Place, ...] = ()) -> None:
        """Drop this share of the packets at random, 1 for all; in both directions, or only towards
        these places.
        """
        # The client's end opens last: what it answers to the first packet gets through.
        for place in towards or (self.far, self.client):
            rules = f"flush chain inet lab in_{self.interface}"
            if share > 0:
                draw = "" if share >= 1 else f"numgen random mod 1000 < {round(share * 1000)}"
                rules += f"; add rule inet lab in_{self.interface} {draw} counter drop"
            place.run("nft", rules)

    def lost(self, place: Place) -> int:
        """Return how many packets to this place the present loss has dropped."""
        found = json.loads(place.run("nft", "-j", f"list chain inet lab in_{self.interface}"))
        return sum(
            part["counter"]["packets"]
            for entry in found["nftables"]
            for part in entry.get("rule", {}).get("expr", [])
            if "counter" in part
        )

    def narrow(self, kbps: int | None) -> None:
        """Limit the rate from the client to `kbps` kbit/s; None removes the limit."""
        if kbps is None:
            self.client.run("tc", "qdisc", "del", "dev", self.interface, "root")
        else:
            # A quarter of a second of queue, as a cheap router has.
            bucket = ("rate", f"{kbps}kbit", "burst", "4kb", "latency", "250ms")
            self.client.run("tc", "qdisc", "replace", "dev", self.interface, "root", "tbf", *bucket)

    def limit(self, kbps: int | None, queue_ms: int = 300) -> None:
        """Limit the rate to the client to `kbps` kbit/s with a queue of `queue_ms` milliseconds;
        None removes the limit. The limit is behind the carrier, where the sender's kernel has split
        each GSO run into packets: a bucket would pass an unsplit run whole.
        """
        leaving = ("dev", f"w{self.number}a", "root")
        if kbps is None:
            self._middle.run("tc", "qdisc", "del", *leaving)
        else:
            bucket = ("rate", f"{kbps}kbit", "burst", "16kb", "latency", f"{queue_ms}ms")
            self._middle.run("tc", "qdisc", "replace", *leaving, "tbf", *bucket)

    def queue(self) -> dict[str, int]:
        """Return what the limit's queue passed (`bytes`, `packets`), `drops`, and its `backlog`."""
        shown = self._middle.run("tc", "-s", "-j", "qdisc", "show", "dev", f"w{self.number}a")
        found = json.loads(shown)[0]
        return {name: int(found.get(name, 0)) for name in ("bytes", "packets", "drops", "backlog")}

    def offload(self) -> list[str]:
        """Return the segmentation offloads of this wire that could not be switched off."""
        return sorted(
            {
                line.split(":")[0].strip()
                for place in (self.client, self.far)
                for line in place.run("ethtool", "-k", self.interface).splitlines()
                if re.match(r"(tx-udp-segmentation|\S+-(segmentation|receive)-offload): on", line)
            }
        )

    def received(self, place: Place | None = None) -> int:
        """Return the bytes of Ethernet that one end received, the far one by default."""
        end = place or self.far
        return int(end.run("cat", f"/sys/class/net/{self.interface}/statistics/rx_bytes"))


class Rates:
    """The received rate of a wire, sampled a few times a second."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._read: list[tuple[float, int]] = [(time.monotonic(), wire.received())]

    async def until(self, end: float) -> None:
        """Sample until then."""
        while (now := time.monotonic()) < end:
            await asyncio.sleep(min(0.25, end - now))
            self._read.append((time.monotonic(), self._wire.received()))

    def kbps(self, last_s: float) -> float:
        """Return the mean over the last seconds."""
        at, octets = self._read[-1]
        then, before = next(each for each in reversed(self._read) if each[0] <= at - last_s)
        return (octets - before) * 8 / 1000 / (at - then)

    def seconds(self) -> list[int]:
        """Return the mean of each second."""
        found, (then, before) = [], self._read[0]
        for at, octets in self._read[1:]:
            if at - then >= 1:
                found.append(round((octets - before) * 8 / 1000 / (at - then)))
                then, before = at, octets
        return found


class Lab:
    """Places and wires of one bench or test. Raises SystemExit if `missing` returns something."""

    def __init__(self) -> None:
        lacking = missing()
        if lacking:
            raise SystemExit(lacking)
        self._prefix = f"{_NAMES}{os.getpid()}-"
        self._numbers = itertools.count(1)
        self._places: list[Place] = []
        self._wires: list[Wire] = []
        self._hands: Place | None = None

    def __enter__(self) -> Self:
        _sweep()
        return self

    def __exit__(self, *_: object) -> None:
        for wire in self._wires:
            wire.carrier.kill()
            wire.carrier.wait()
            if wire.carrier.stdout is not None:
                wire.carrier.stdout.close()
        for place in self._places:
            subprocess.run(["ip", "netns", "del", place.name], capture_output=True)

    def place(self, name: str) -> Place:
        """Create a namespace."""
        place = Place(self._prefix + name)
        self._places.append(place)
        return place

    def server(self, name: str, address: str) -> Place:
        """Create a namespace for a server with one address, on whichever wire."""
        place = self.place(name)
        place.run("ip", "address", "add", f"{address}/32", "dev", "lo")
        return place

    def wire(self, client: Place, far: Place, one_way_s: float, jitter_s: float = 0.0) -> Wire:
        """Connect two places by a wire with this delay in each direction. The client is
        disconnected until `up`.
        """
        hands = self._hands = self._hands or self.place("wires")
        number = next(self._numbers)
        ends = ((client, f"10.77.{number}.2"), (far, f"10.77.{number}.1"))
        name = f"wire{number}"
        for side, (place, address) in enumerate(ends):
            inner = f"w{number}{'ab'[side]}"
            run(
                *("ip", "link", "add", name, "netns", place.name, "type", "veth"),
                *("peer", "name", inner, "netns", hands.name),
            )
            for where, interface in ((place, name), (hands, inner)):
                where.run("ethtool", "-K", interface, *(w for f in _PLAIN for w in (f, "off")))
            place.run("ip", "address", "add", f"{address}/24", "dev", name)
            place.run(
                "nft",
                f"add chain inet lab in_{name}; add rule inet lab in iifname {name} jump in_{name}",
            )
            hands.run("ip", "link", "set", inner, "up")
        far.run("ip", "link", "set", name, "up")
        carrier = subprocess.Popen(
            hands.command(
                *(sys.executable, "-ISE", _WIRE, f"w{number}a", f"w{number}b"),
                *(str(one_way_s), str(jitter_s)),
            ),
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        wire = Wire((client, far), hands, number, carrier)
        self._wires.append(wire)
        assert carrier.stdout is not None
        if carrier.stdout.readline() != "ready\n":
            raise RuntimeError("the wire did not start")
        return wire

    def reach(self, place: Place) -> str:
        """Connect a place to this machine, outside of all wires; return its address for us."""
        # A network of its own for each process, of the range for tests of networks (RFC 2544).
        net = os.getpid() % (1 << 15)
        ours, theirs = (
            f"198.{18 + (net >> 14)}.{net >> 6 & 255}.{(net & 63) * 4 + n}" for n in (1, 2)
        )
        name = f"lab{os.getpid()}"
        run("ip", "link", "add", name, "type", "veth", "peer", "name", "us", "netns", place.name)
        run("ip", "address", "add", f"{ours}/30", "dev", name)
        run("ip", "link", "set", name, "up")
        place.run("ip", "address", "add", f"{theirs}/30", "dev", "us")
        place.run("ip", "link", "set", "us", "up")
        return theirs


def _sweep() -> None:
    """Delete what a killed process left."""
    for line in run("ip", "netns", "list").splitlines():
        name = line.split()[0] if line.split() else ""
        if name.startswith(_NAMES):
            pid = name.removeprefix(_NAMES).partition("-")[0]
            if pid.isdigit() and not Path(f"/proc/{pid}").exists():
                subprocess.run(["ip", "netns", "del", name], capture_output=True)
