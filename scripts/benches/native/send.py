"""Measures the native engine's senders alone: CPU for a packet and a viewer-second.

    python -m scripts.benches.native.send

Viewers are sockets on loopback whose filter drops all that comes; the kernel charges us the way up
to there. `--to cut`: each run is cut into datagrams on that way, as for a viewer on this machine.
`--to whole`: it is dropped as one, so that little more than sending is left. `--to memory`: copied
and protected, never sent. All settings in turn, and the median of each.
"""

import argparse
import ctypes
import os
import socket
import statistics
import struct
import subprocess
import tempfile
from pathlib import Path

from pylibsrtp import Policy, Session

import farmlive.media.engine.native
from farmlive.media.engine.python import srtp

HERE = Path(__file__).parent
NATIVE = Path(farmlive.media.engine.native.__file__).parent
SOURCES = (
    "connected_socket", "cores", "fanout", "gcm", "packet_batch", "send_feedback",
    "send_sockets", "senders", "srtp", "task_queue",
)  # fmt: skip
PROFILES = {
    "gcm": (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 28, 16),
    "cm": (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 30, 10),
}
FRAMES_A_SECOND = 30
SO_ATTACH_FILTER = 26
SOL_UDP, UDP_GRO = 17, 104


class Setting(ctypes.Structure):
    _fields_ = (
        ("threads", ctypes.c_int),
        ("viewers", ctypes.c_int),
        ("frames", ctypes.c_int),
        ("packets", ctypes.c_int),
        ("size", ctypes.c_int),
        ("nowhere", ctypes.c_int),
        ("interval_s", ctypes.c_double),
        ("tag", ctypes.c_uint),
        ("fd", ctypes.c_int),
        ("sequence", ctypes.c_uint16),
    )


class Result(ctypes.Structure):
    _fields_ = (
        ("cpu_s", ctypes.c_double),
        ("wall_s", ctypes.c_double),
        ("packets", ctypes.c_uint64),
        ("failed", ctypes.c_uint64),
    )


def build(folder: Path, flags: list[str]) -> ctypes.CDLL:
    library = folder / "send.so"
    found = {path.stem: path for path in NATIVE.glob("*/*.c")}
    sources = [str(HERE / "send.c"), *(str(found[name]) for name in SOURCES)]
    subprocess.run(
        [
            *("cc", "-O2", "-g", "-shared", "-fPIC", "-std=c11", "-D_GNU_SOURCE", f"-I{NATIVE}"),
            *(*flags, "-o", str(library), *sources, "-lpthread"),
        ],
        check=True,
    )
    return ctypes.CDLL(str(library))


def session(profile: int, length: int) -> Session:
    policy = Policy(
        key=os.urandom(length), ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile
    )
    policy.window_size = 64
    policy.allow_repeat_tx = True
    return Session(policy)


def dropping(whole: bool) -> socket.socket:
    """Return a socket whose filter drops all packets."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    nothing = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
    program = struct.pack("HxxxxxxP", 1, ctypes.addressof(nothing))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
    sock.setsockopt(SOL_UDP, UDP_GRO, whole)
    sock.bind(("127.0.0.1", 0))
    return sock


def addresses(sinks: list[socket.socket]) -> ctypes.Array[ctypes.c_char]:
    each = [
        struct.pack("=H", socket.AF_INET)
        + struct.pack("!H", sink.getsockname()[1])
        + socket.inet_aton("127.0.0.1")
        + bytes(20)
        + struct.pack("=I", 16)
        for sink in sinks
    ]
    return ctypes.create_string_buffer(b"".join(each))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--viewers", type=int, default=500)
    parser.add_argument("--threads", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--seconds", type=float, default=2, help="of media, in each run")
    parser.add_argument("--packets", type=int, default=6, help="of a frame")
    parser.add_argument("--size", type=int, default=1212, help="of a packet of video, with header")
    parser.add_argument("--profile", choices=PROFILES, default="gcm")
    parser.add_argument("--to", choices=("cut", "whole", "memory"), default="cut")
    parser.add_argument("--paced", action="store_true", help="30 frames a second, as they come")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--flags", action="append", type=str.split, help="of the compiler; twice: compare"
    )
    options = parser.parse_args()
    builds = options.flags or [[]]
    profile, length, tag = PROFILES[options.profile]
    sinks = [dropping(options.to == "whole") for _ in range(options.viewers)]
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
    sessions = [session(profile, length) for _ in range(options.viewers)]
    pointers = (ctypes.c_void_p * options.viewers)(*(srtp.address_of(each) for each in sessions))
    functions = (ctypes.c_void_p * 4)(*srtp.functions())
    at, frames = addresses(sinks), int(options.seconds * FRAMES_A_SECOND)
    figures: dict[tuple[int, int], list[tuple[float, float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        libraries = []
        for number, flags in enumerate(builds):
            place = Path(folder) / str(number)
            place.mkdir()
            libraries.append(build(place, flags))
        sequence, failed = 1, 0
        for _ in range(options.runs):
            for number, library in enumerate(libraries):
                for threads in options.threads:
                    setting = Setting(
                        threads=threads,
                        viewers=options.viewers,
                        frames=frames,
                        packets=options.packets,
                        size=options.size,
                        nowhere=options.to == "memory",
                        interval_s=1 / FRAMES_A_SECOND if options.paced else 0,
                        tag=tag,
                        fd=sock.fileno(),
                        sequence=sequence,
                    )
                    sequence = (sequence + frames * options.packets) & 0xFFFF
                    result = Result()
                    library.bench_send(
                        ctypes.byref(setting), functions, pointers, at, ctypes.byref(result)
                    )
                    failed += result.failed
                    figures.setdefault((number, threads), []).append(
                        (
                            result.cpu_s / result.packets * 1e6,
                            result.cpu_s / options.viewers / options.seconds * 1e6,
                            result.wall_s,
                        )
                    )
    for (number, threads), found in sorted(figures.items()):
        packet, second, wall = map(statistics.median, zip(*found, strict=True))
        least = min(each[1] for each in found)
        named = " ".join(builds[number])
        print(
            f"{named:24} {threads} send threads: {packet:.3f} µs a packet, {second:.1f} µs a"
            f" viewer-second (least {least:.1f}), {wall:.2f} s"
        )
    print(f"{failed} packets failed")


if __name__ == "__main__":
    main()
