"""Languages that go by the tag of another one, for training and measuring alike."""

from __future__ import annotations

from typing import Final

# Relatives of a language that a fence tag may stand for it, but that do not look like it.
RELATIVES: Final = frozenset(
    {
        "haml", "slim", "liquid", "twig", "smarty", "velocity", "handlebars", "jinja", "erb", "eex",
        "gts", "gjs", "qml", "apex", "cython", "crystal", "hack", "sml", "reasonml", "rescript",
        "hylang", "llvm", "moonscript", "objective_cpp", "jsp", "epp", "irb_output", "idlang",
        "literate_coffeescript", "literate_haskell", "hql", "mojo", "plsql",
    }
)  # fmt: skip
