"""A network that may fail, between a browser and a server."""

from __future__ import annotations

import contextlib
import select
import socket
import threading


class Relay:
    """A network between browser and server, which can be cut and can fall silent."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.sockets: set[socket.socket] = set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.working, self.silent = True, False
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection and accept no other."""
        self.working = False
        self.break_all()

    def mend(self) -> None:
        """Accept connections again."""
        self.working = True

    def fall_silent(self) -> None:
        """Pass nothing on any more, with every connection open."""
        self.silent = True

    def close(self) -> None:
        """End all."""
        self.cut()
        self.listener.close()

    def break_all(self) -> None:
        for end in list(self.sockets):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                if self.working:
                    threading.Thread(target=self.pass_on, args=(near,), daemon=True).start()
                else:
                    near.close()

    def pass_on(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.target)) as far:
            ends = {near: far, far: near}
            self.sockets |= set(ends)
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    if not (data := end.recv(65536)):
                        return
                    if not self.silent:
                        ends[end].sendall(data)
