"""Names of languages: labels as GitHub's Linguist has them, in lower case with hyphens.

What cannot be told apart from a few lines bears one label: JSX is javascript, Vue is html, Sass is
css, Scheme and Emacs Lisp are lisp. Formats that hold data and text bear `data`.
"""

from __future__ import annotations

from typing import Final

DATA: Final = "data"
PROSE: Final = "prose"  # of the model alone; no sight carries it
OTHER: Final = "other"

LANGUAGES: Final = (
    "python", "javascript", "typescript", "java", "c", "c++", "c#", "go", "rust", "ruby", "php",
    "sql", "shell", "kotlin", "swift", "scala", "perl", "lua", "r", "haskell", "powershell",
    "dart", "objective-c", "elixir", "clojure", "erlang", "julia", "matlab", "groovy",
    "visual-basic", "assembly", "dockerfile", "makefile", "html", "css", "fortran", "cobol",
    "pascal", "f#", "ocaml", "lisp", "prolog", "hcl", "solidity", "zig", "batchfile", "tcl",
    "verilog", "vhdl", "cmake", "graphql", "protocol-buffer", "tex", "vim-script", "nim", "ada",
    OTHER,
)  # fmt: skip

# Other spellings, of fence tags above all. Two names a line; more than one alias by blanks.
_ALIASES: Final = {
    "python": "py python3 py3 python2 ipython gyp pycon sage cython pyrex bzl starlark",
    "javascript": "js jsx node nodejs mjs cjs ecmascript gjs qml",
    "typescript": "ts tsx gts mts cts",
    "java": "jsp apex android",
    "c": "h arduino ino",
    "c++": "cpp cc cxx hpp hh hxx cuda cu objective-cpp mm ipp c++17 c++20",
    "c#": "csharp cs dotnet",
    "go": "golang",
    "rust": "rs",
    "ruby": "rb rake gemspec erb irb jruby crystal cr podspec",
    "php": "php3 php5 php7 hack blade phtml",
    "sql": "mysql postgresql postgres pgsql plpgsql plsql sqlite tsql t-sql mssql hql bigquery "
    "snowflake psql",
    "shell": "sh bash zsh ksh fish shellscript shell-session console terminal ash dash bat-session",
    "kotlin": "kt kts",
    "swift": "",
    "scala": "sc sbt",
    "perl": "pl pm perl5 raku perl6",
    "lua": "luau moonscript",
    "r": "rlang rscript rmd splus",
    "haskell": "hs lhs literate-haskell purescript",
    "powershell": "ps1 posh pwsh ps psm1",
    "dart": "flutter",
    "objective-c": "objc obj-c objectivec m-objc",
    "elixir": "ex exs heex eex iex",
    "clojure": "clj cljs cljc edn-clj",
    "erlang": "erl hrl",
    "julia": "jl",
    "matlab": "octave",
    "groovy": "gradle jenkinsfile gvy",
    "visual-basic": "vb vbnet vb.net vba vbs vbscript visualbasic bas basic",
    "assembly": "asm nasm masm armasm x86 x86asm gas arm mips s m68k assembler llvm",
    "dockerfile": "docker containerfile",
    "makefile": "make mk gnumake",
    "html": "htm xhtml html5 vue svelte jinja jinja2 django handlebars hbs ejs twig liquid haml "
    "pug slim smarty velocity mustache razor cshtml",
    "css": "scss sass less stylus postcss",
    "fortran": "f f77 f90 f95 for",
    "cobol": "cbl cob",
    "pascal": "pas delphi freepascal",
    "f#": "fsharp fs fsx",
    "ocaml": "ml mli reasonml reason rescript sml",
    "lisp": "common-lisp cl el elisp emacs-lisp emacs scheme scm racket rkt lsp hylang",
    "prolog": "swipl problog",
    "hcl": "terraform tf tfvars",
    "solidity": "sol",
    "zig": "",
    "batchfile": "bat batch cmd dosbatch",
    "tcl": "tk expect",
    "verilog": "systemverilog sv v",
    "vhdl": "vhd",
    "cmake": "",
    "graphql": "gql",
    "protocol-buffer": "proto protobuf",
    "tex": "latex",
    "vim-script": "vim viml vimscript",
    "nim": "nimrod",
    "ada": "adb ads",
    OTHER: "awk sed d elm coffeescript coffee vala wasm wat glsl hlsl wgsl actionscript abap "
    "apl sas stata gdscript haxe idris lean coq agda eiffel smalltalk scratch thrift move cairo "
    "vyper nix puppet rego gherkin openscad processing applescript autohotkey mojo odin jai vcl "
    "sparql cypher postscript mermaid plantuml jsonnet bicep",
    DATA: "json json5 jsonc jsonl ndjson yaml yml toml xml svg plist csv tsv ini cfg conf config "
    "properties env dotenv log logs http md markdown mdx rst bibtex diff patch nginx apache "
    "editorconfig hocon edn hosts html+xml rss email kv",
}

_EXTENSIONS: Final = {
    "py": "python", "js": "javascript", "jsx": "javascript", "ts": "typescript",
    "tsx": "typescript", "java": "java", "c": "c", "h": "c", "cpp": "c++", "cc": "c++",
    "cxx": "c++", "hpp": "c++", "cs": "c#", "go": "go", "rs": "rust", "rb": "ruby", "php": "php",
    "sql": "sql", "sh": "shell", "bash": "shell", "kt": "kotlin", "kts": "kotlin",
    "swift": "swift", "scala": "scala", "pl": "perl", "pm": "perl", "lua": "lua", "r": "r",
    "hs": "haskell", "ps1": "powershell", "dart": "dart", "m": "objective-c", "ex": "elixir",
    "exs": "elixir", "clj": "clojure", "erl": "erlang", "jl": "julia", "groovy": "groovy",
    "gradle": "groovy", "vb": "visual-basic", "asm": "assembly", "s": "assembly", "mk": "makefile",
    "html": "html", "vue": "html", "css": "css", "scss": "css", "f90": "fortran", "pas": "pascal",
    "fs": "f#", "ml": "ocaml", "el": "lisp", "lisp": "lisp", "scm": "lisp", "tf": "hcl",
    "sol": "solidity", "zig": "zig", "bat": "batchfile", "tcl": "tcl", "sv": "verilog",
    "vhd": "vhdl", "cmake": "cmake", "graphql": "graphql", "proto": "protocol-buffer",
    "tex": "tex", "vim": "vim-script", "nim": "nim", "adb": "ada", "json": DATA, "yaml": DATA,
    "yml": DATA, "toml": DATA, "xml": DATA, "md": DATA, "txt": DATA, "csv": DATA, "ini": DATA,
    "cfg": DATA, "lock": DATA,
}  # fmt: skip

_BY_NAME: Final = {
    **{name: name for name in (*LANGUAGES, DATA)},
    **{alias: name for name, aliases in _ALIASES.items() for alias in aliases.split()},
}


def language_of(tag: str) -> str | None:
    """The label that a fence tag or a language's name stands for; None where it stands for none."""
    plain = tag.strip().lower().replace(" ", "-").replace("_", "-")
    return _BY_NAME.get(plain) or _BY_NAME.get(plain.removeprefix("language-").lstrip("{."))


def language_of_file(name: str) -> str | None:
    """The label for a file of this name, `data` included; None where the name says nothing."""
    base = name.replace("\\", "/").rpartition("/")[2].lower()
    if base in ("dockerfile", "makefile"):
        return base
    if base == "cmakelists.txt":
        return "cmake"
    return _EXTENSIONS.get(base.rpartition(".")[2]) if "." in base else None
