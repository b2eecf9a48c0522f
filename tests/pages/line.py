"""A line between a browser and the service that can be cut."""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Thread

_MOST = 65_536
# SOCKS 5 as of RFC 1928: no sign-in is asked for; the connection stands.
_NO_SIGN_IN, _STANDS = b"\x05\x00", b"\x05\x00\x00\x01" + bytes(6)


class Line:
    """Passes on what comes, until it is cut; a browser takes it for its proxy."""

    def __init__(self) -> None:
        self._ends: list[socket.socket] = []
        self._is_cut = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"socks5://127.0.0.1:{self._listener.getsockname()[1]}"
        Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End what is connected, and whatever connects from now on."""
        self._is_cut = True
        for end in self._ends:
            _end(end)
        self._ends.clear()

    def mend(self) -> None:
        """Pass on again."""
        self._is_cut = False

    def close(self) -> None:
        """Cut it for good."""
        self.cut()
        _end(self._listener)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if self._is_cut:
                    near.close()
                else:
                    Thread(target=self._connect, args=(near,), daemon=True).start()

    def _connect(self, near: socket.socket) -> None:
        with suppress(OSError):
            near.recv(_MOST)
            near.sendall(_NO_SIGN_IN)
            # Four bytes, the length of the name, the name, and the port in two bytes.
            asked = near.recv(_MOST)
            far = socket.create_connection((asked[5:-2].decode(), int.from_bytes(asked[-2:])))
            self._ends += [near, far]
            near.sendall(_STANDS)
            Thread(target=_pass_on, args=(far, near), daemon=True).start()
            _pass_on(near, far)


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(_MOST):
            other.sendall(data)
    _end(one)
    _end(other)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
