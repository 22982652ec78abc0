"""A proxy that cuts off the beginning of every path, as jupyter-server-proxy does."""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: What a proxy does not pass on; the length is set anew.
_OWN = {"host", "connection", "content-length", "transfer-encoding", "accept-encoding"}


@contextlib.contextmanager
def stripping_proxy(port: int, prefix: str) -> Iterator[int]:
    """Runs the proxy before a server's port and yields its own; what is asked outside the prefix is not found."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            if not self.path.startswith(prefix):
                self.send_error(404, "outside the prefix")
                return
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            server = http.client.HTTPConnection("127.0.0.1", port)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _OWN}
            # As a browser's: the host is the one that it sees.
            headers["Host"] = self.headers["Host"]
            server.request(self.command, self.path.removeprefix(prefix[:-1]), body or None, headers)
            found = server.getresponse()
            content = found.read()
            self.send_response(found.status)
            for name, value in found.headers.items():
                if name.lower() not in _OWN:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            server.close()

        do_GET = do_POST = answer  # noqa: N815 - the names of http.server

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, daemon=True)
        thread.start()
        try:
            yield proxy.server_address[1]
        finally:
            proxy.shutdown()
