"""The IPs on which the UDP and TCP ports are opened, and those of the candidates."""

import ipaddress
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import ifaddr

from farmlive.media.engine.interface import Candidate
from farmlive.media.engine.python.net.bpf_filter import attach
from farmlive.media.engine.python.net.recv_batch import SO_TIMESTAMPNS

_BACKLOG = 256


def local_addresses() -> list[str]:
    """Return every IP of this machine that a client could use, the loopback ones last.

    Link-local IPv6 is left out: a candidate can't carry its scope.
    """
    found: list[str] = []
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            text = ip.ip if isinstance(ip.ip, str) else ip.ip[0]
            address = ipaddress.ip_address(text.partition("%")[0])
            if not address.is_link_local and str(address) not in found:
                found.append(str(address))
    return sorted(found, key=lambda text: ipaddress.ip_address(text).is_loopback)


def addresses_to_bind(configured: Sequence[str], local: Sequence[str]) -> list[str]:
    """Return the IPs to open sockets on.

    They are the configured ones; if one of them is not this machine's (a public IP in front of a
    NAT), all of the machine's.
    """
    if not configured or any(_unmap(address) not in local for address in configured):
        return list(local)
    return [_unmap(address) for address in configured]


def addresses_to_advertise(configured: Sequence[str], local: Sequence[str]) -> list[str]:
    """Return the IPs of the candidates, the best first."""
    return [_unmap(address) for address in configured] or list(local)


def _unmap(address: str) -> str:
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        raise ValueError(
            f"{address!r} is not an IP address; FARMLIVE_UDP_ADDRESSES takes addresses such as "
            "203.0.113.7, separated by commas"
        ) from None


def open_sockets(addresses: Sequence[str], port: int) -> list[socket.socket]:
    """Open one UDP socket on each address, all on one port; 0 finds a port free on all.

    Raises OSError with a sentence that says what to do.
    """
    return _open_on_one_port(
        addresses,
        port,
        socket.SOCK_DGRAM,
        "The UDP port {port} for media can't be opened ({why}). Choose another with --udp-port or "
        "FARMLIVE_UDP_PORT, or other addresses with FARMLIVE_UDP_ADDRESSES.",
    )


def _open_on(addresses: Sequence[str], port: int, kind: socket.SocketKind) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    try:
        for address in addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            sock = socket.socket(family, kind)
            sockets.append(sock)
            sock.setblocking(False)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if kind == socket.SOCK_DGRAM:
                _enlarge_buffers(sock)
                with suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
                attach(sock)
            else:
                # Connections of an earlier server that are still closing must not block the next
                # start.
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((address, port))
            port = sock.getsockname()[1]
            if kind == socket.SOCK_STREAM:
                sock.listen(_BACKLOG)
    except OSError:
        for sock in sockets:
            sock.close()
        raise
    return sockets


def open_listeners(addresses: Sequence[str], port: int) -> list[socket.socket]:
    """Open one listening TCP socket on each address, all on one port; 0 finds a port free on all.

    Raises OSError with a sentence that says what to do.
    """
    return _open_on_one_port(
        addresses,
        port,
        socket.SOCK_STREAM,
        "The TCP port {port} for media can't be opened ({why}). Choose another with "
        "FARMLIVE_TCP_PORT, or off, which shuts out those whose network blocks UDP.",
    )


def _open_on_one_port(
    addresses: Sequence[str], port: int, kind: socket.SocketKind, sentence: str
) -> list[socket.socket]:
    for attempt in range(20):
        try:
            return _open_on(addresses, port, kind)
        except OSError as error:
            if port == 0 and attempt < 19:
                continue
            message = sentence.format(port=port, why=error.strerror)
            raise OSError(error.errno, message) from error
    raise AssertionError("unreachable")


def open_connected_socket(shared: socket.socket, remote: Any) -> socket.socket:
    """Open a socket on the port of `shared` that receives datagrams from `remote` only.

    The kernel prefers a connected socket. Raises OSError.
    """
    sock = socket.socket(shared.family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        _enlarge_buffers(sock)
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Only for this moment, so that no other process can open the port.
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(shared.getsockname())
            sock.connect(remote)
        finally:
            shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    except OSError:
        sock.close()
        raise
    return sock


def _enlarge_buffers(sock: socket.socket) -> None:
    """Enlarge the buffers for a burst: past the system's limit if permitted, otherwise up to it."""
    for forced, plain in ((33, socket.SO_RCVBUF), (32, socket.SO_SNDBUF)):
        try:
            sock.setsockopt(socket.SOL_SOCKET, forced, 4 << 20)
        except OSError:
            sock.setsockopt(socket.SOL_SOCKET, plain, 4 << 20)


def sort_candidates(candidates: Sequence[Candidate], asked_at: str) -> list[Candidate]:
    """Return the candidates with the IP to which the client sent its request first.

    Some clients, such as FFmpeg, try only the first one. A loopback IP tells nothing: a proxy sent
    the request.
    """
    if asked_at.startswith("127.") or asked_at in ("::1", ""):
        return list(candidates)
    return sorted(candidates, key=lambda each: (each.protocol != "udp", each.address != asked_at))
