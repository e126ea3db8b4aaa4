"""mitmproxy's add-ons one by one.

Its package of add-ons imports all of them, and with them a web framework and an LDAP client: 14 MB
and a fifth of the start for five that are used here. So an empty package stands in its place, in
which each module is loaded when it is asked for; whoever asks for anything else gets the real one.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any, Final

_PARENT: Final = "mitmproxy"
_NAME: Final = "mitmproxy.addons"


class _Sparse(ModuleType):
    """The package before its own code has run."""

    def __getattr__(self, name: str) -> Any:
        whole = f"{_NAME}.{name}"
        if name.startswith("__"):
            raise AttributeError(name)
        if find_spec(whole) is not None:
            return import_module(whole)
        self.__class__ = ModuleType  # type: ignore[assignment]
        spec = self.__spec__
        if spec is None or spec.loader is None:
            raise AttributeError(name)
        spec.loader.exec_module(self)
        return getattr(self, name)


def install() -> None:
    """Put the empty package there, before anything imports the real one; too late, and twice, it
    does nothing."""
    spec = None if _NAME in sys.modules else find_spec(_NAME)
    if spec is None:
        return
    package = module_from_spec(spec)
    package.__class__ = _Sparse
    sys.modules[_NAME] = package
    import_module(_PARENT).addons = package  # type: ignore[attr-defined]  # as importing it does
