"""`python -m excise.standin`: serve until interrupted; prints `ready HOST:PORT CA-FILE`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from pathlib import Path

from excise.standin.server import StandIn


def main() -> int:
    """Serve in the foreground; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m excise.standin", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--dir", type=Path, help="where the throw-away CA is put")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as spare:
        folder = args.dir or Path(spare)
        # Nothing looks at the requests here, so few are kept.
        with StandIn(folder, port=args.port, keep=16) as standin:
            try:
                sys.stdout.write(f"ready 127.0.0.1:{standin.port} {standin.ca}\n")
                sys.stdout.flush()
                threading.Event().wait()
            except KeyboardInterrupt:
                return 0
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
