"""DeepCAVE's server on a socket that the launcher opened.

Run as a file, `python .../launcher/server.py --config FILE --fd N --host HOST`: DeepCAVE makes its app at import, only
in a program called worker.py or server.py, from the file after `--config`. The token that it asks for comes by stdin.
"""

from __future__ import annotations

import argparse
import sys


def main() -> None:
    """Serves until a signal comes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--host", required=True)
    arguments, _ = parser.parse_known_args()
    token = sys.stdin.read()

    from deepcave import app, config
    from deepcave.layouts.main import MainLayout
    from werkzeug.serving import make_server

    from deepcave_symbolic.dashboard.allowed_runs import limit_runs
    from deepcave_symbolic.dashboard.launcher.door import Door

    # Here, too, where a user's Config does not call ours.
    limit_runs()
    app.server.wsgi_app = Door(app.server.wsgi_app, token=token, host=arguments.host)
    app.layout = MainLayout(config.PLUGINS)()
    # Not app.run_server: it opens its own socket, and debug mode would let a browser run code.
    make_server(arguments.host, 0, app.server, threaded=True, fd=arguments.fd).serve_forever()


if __name__ == "__main__":
    del sys.path[0]  # this folder, whose modules are no top-level ones
    main()
