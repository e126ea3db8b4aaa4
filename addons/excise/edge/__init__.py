"""The only package that knows mitmproxy: hooks, layers, and the embedded proxy itself."""

from excise.edge import sparse

sparse.install()  # nothing of mitmproxy has been imported yet, and every module here does
