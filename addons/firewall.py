"""What `mitmdump -s addons/firewall.py` loads, for trials. In production: `excise up`."""

from excise.edge.script import addons

__all__ = ["addons"]
