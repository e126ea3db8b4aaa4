"""The only package that knows mitmproxy: hooks, layers, and the embedded proxy itself."""
