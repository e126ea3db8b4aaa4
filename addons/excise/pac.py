"""Proxy auto-configuration: a script that sends LLM hosts, and nothing else, through the proxy.

It reads as the catalogue does (exact names, suffixes, then other patterns), and has no way around:
where the proxy is down, LLM hosts are not reached, instead of reached unread.
"""

from __future__ import annotations

import json
import re
from typing import Final

from excise.catalogue import Catalogue

MEDIA_TYPE: Final = "application/x-ns-proxy-autoconfig"
_PLACE: Final = re.compile(r"[A-Za-z0-9.-]+:[0-9]{1,5}|\[[0-9A-Fa-f:]+\]:[0-9]{1,5}")
_SCRIPT: Final = """\
// Sends LLM hosts through the firewall, and everything else as before.
var NAMES = %s;
var SUFFIXES = %s;
var PATTERNS = %s;

function FindProxyForURL(url, host) {
  var name = host.toLowerCase().replace(/\\.$/, "");
  if (NAMES.hasOwnProperty(name)) return "PROXY %s";
  for (var at = name.indexOf("."); at >= 0; at = name.indexOf(".", at + 1)) {
    if (SUFFIXES.hasOwnProperty(name.substring(at + 1))) return "PROXY %s";
  }
  for (var i = 0; i < PATTERNS.length; i++) {
    if (new RegExp(PATTERNS[i]).test(name)) return "PROXY %s";
  }
  return "DIRECT";
}
"""


def build_pac(catalogue: Catalogue, place: str) -> str:
    """The script for a proxy at `place` (HOST:PORT). Hosts with a port of their own, which are
    model servers on the client's machine, are left out. Raises `ValueError` for another place."""
    if not _PLACE.fullmatch(place):
        raise ValueError("wanted HOST:PORT")
    names, suffixes, patterns = [], [], []
    for pattern in sorted({each for host in catalogue.hosts for each in host.patterns}):
        if ":" in pattern:
            continue
        if "*" not in pattern:
            names.append(pattern)
        elif pattern.startswith("*.") and "*" not in pattern[2:]:
            suffixes.append(pattern[2:])
        else:
            patterns.append(_regex(pattern))
    tables = (dict.fromkeys(names, 1), dict.fromkeys(suffixes, 1), patterns)
    return _SCRIPT % (*(json.dumps(table, indent=1) for table in tables), place, place, place)


def _regex(pattern: str) -> str:
    labels, rest = ("(?:[^.]+\\.)+", pattern[2:]) if pattern.startswith("*.") else ("", pattern)
    return f"^{labels}{'[^.]*'.join(piece.replace('.', '\\.') for piece in rest.split('*'))}$"
