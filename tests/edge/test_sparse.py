"""The proxy does without the add-ons it does not use; whoever wants them all still gets them."""

from __future__ import annotations

import subprocess
import sys

from excise.edge import sparse

CODE = """
import sys
from excise.edge import master
unused = [n for n in ("flask", "ldap3", "mitmproxy.addons.proxyauth") if n in sys.modules]
import mitmproxy.addons, mitmproxy
from mitmproxy.addons import core, view
assert core is master.core is mitmproxy.addons.core and view.View
before = "flask" in sys.modules
from mitmproxy import addons
everything = len(addons.default_addons())
print(unused, before, everything > 30, "flask" in sys.modules, hasattr(addons, "nothing"))
"""


def test_only_what_is_asked_for_is_loaded() -> None:
    """In a process of its own: this one may have loaded them before."""
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("[] False True True False", "")


def test_installed_again_it_changes_nothing() -> None:
    before = sys.modules["mitmproxy.addons"]
    sparse.install()
    assert sys.modules["mitmproxy.addons"] is before
