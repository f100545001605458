"""Messages between our own processes: a length, bytes, and perhaps an open descriptor."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADER = struct.Struct(">I")
LIMIT_BYTES = 64_000_000


class ClosedError(Exception):
    """The other side has gone, is too slow, or sends what no message is."""


class Channel:
    """One end of a pair of sockets."""

    def __init__(self, end: socket.socket, limit_bytes: int = LIMIT_BYTES) -> None:
        """Take messages of at most ``limit_bytes`` from the other side."""
        self._end = end
        self._limit_bytes = limit_bytes

    def fileno(self) -> int:
        """Return the descriptor, to wait for."""
        return self._end.fileno()

    def close(self) -> None:
        """Close this end in this process."""
        self._end.close()

    def send(self, message: bytes, descriptors: Sequence[int] = ()) -> None:
        """Send one message.

        Raises:
            ClosedError: the other side has gone.

        """
        try:
            self._end.settimeout(None)
            head = HEADER.pack(len(message))
            if descriptors:
                socket.send_fds(self._end, [head], list(descriptors))
            else:
                self._end.sendall(head)
            self._end.sendall(message)
        except OSError as exc:
            raise ClosedError from exc

    def receive(self, timeout_seconds: float | None = None) -> tuple[bytes, list[int]]:
        """Receive one message and the descriptors that came with it.

        Raises:
            ClosedError: there is none in time, or none any more.

        """
        try:
            self._end.settimeout(timeout_seconds)
            head, descriptors, _, _ = socket.recv_fds(self._end, HEADER.size, 1)
            head += self._read(HEADER.size - len(head)) if head else b""
            if not head:
                raise ClosedError
            (size,) = HEADER.unpack(head)
            if size > self._limit_bytes:
                raise ClosedError
            return self._read(size), descriptors
        except OSError as exc:
            raise ClosedError from exc

    def _read(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            part = self._end.recv(min(size - len(parts), 1 << 20))
            if not part:
                raise ClosedError
            parts += part
        return bytes(parts)


def open_pair() -> tuple[socket.socket, socket.socket]:
    """Open a connected pair."""
    return socket.socketpair()
