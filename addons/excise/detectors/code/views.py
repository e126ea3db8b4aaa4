"""What wraps code in a text: fences, diffs, prompts, JSON strings, stack traces.

A view is a text of the same length in which the wrapping is blank, so that places in it are places
in the text. Beside it stand the ranges of which something is known without any model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from excise.detectors.code.languages import DATA, OTHER, language_of, language_of_file
from excise.model import Span


class View(NamedTuple):
    """`text` as it is to be read. `known` are ranges whose language is stated, by label; `traces`
    those of stack traces; `hints` name the language of what is found within; `shut` are ranges
    that hold no code; `typed` are lines behind a prompt, which are code."""

    text: str
    known: tuple[tuple[str, Span], ...] = ()
    traces: tuple[tuple[str, Span], ...] = ()
    hints: tuple[tuple[str, Span], ...] = ()
    shut: tuple[Span, ...] = ()
    typed: tuple[Span, ...] = ()


_FENCE: Final = re.compile(
    r"[ \t]{0,12}(?:> ?)?(?P<mark>`{3,9}|~{3,9})[ \t]*(?P<tag>[^\s`]{0,40})[^\n]*"
)
_HUNK: Final = re.compile(r"^(?:@@ |diff --git |--- [^\s]|Index: )", re.MULTILINE)
_FILE: Final = re.compile(r"^\+\+\+ (?:b/)?([^\s]{1,300})", re.MULTILINE)
_PLAIN_DIFF: Final = re.compile(r"^[+-](?=[^+-]|$)", re.MULTILINE)
_DIFF_HEAD: Final = re.compile(
    r"^(?:diff --git |index [0-9a-f]{5,}|--- |\+\+\+ |@@ |new file mode|deleted file mode)[^\n]*",
    re.MULTILINE,
)
# What is asked first is all that most lines are asked: whether they begin like any prompt at all.
_PROMPT: Final = re.compile(
    r"\n(?=[>.\[$*]|   \.|[\w.-]{1,40}+(?:[@>(=#-]| (?:\[|[A-Z]:)))"
    r"(?:(?P<python>>>> |\.\.\. |In \[\d{1,5}\]: |   \.\.\.: )"
    r"|(?P<ruby>irb\([^)\n]{1,30}\):\d{1,5}:\d{1,3}[>*\"'] ?|\[\d{1,5}\] pry\([^)\n]{1,30}\)[>*] )"
    r"|(?P<shell>\$ (?=[a-z./])|[\w.-]{1,40}+@[\w.-]{1,60}+:[^\s$#]{0,99}+[$#] )"
    r"|(?P<sql>(?:mysql|sqlite|MariaDB \[[^\]\n]{1,40}\])> |\w{1,40}+[=-][#>] (?=[A-Za-z]))"
    r"|(?P<scala>scala> )|(?P<julia>julia> )|(?P<haskell>ghci> |Prelude> |\*Main> )"
    r"|(?P<elixir>iex\(\d{1,5}\)> )|(?P<powershell>PS [A-Z]:\\[^>\n]{0,200}> ))"
)
_PROMPT_SIGNS: Final = ("> ", "$ ", "]: ", "# ")
# A string that goes on over escaped ends of line; one that never ends is taken whole as well, so
# that no place is looked at twice.
_STRING: Final = re.compile(r'"(?:[^"\\\n]|\\.)*+(?P<end>",?|$)?')
# What may stand before a string that is a value of JSON, and how many ends of line one of the
# kind that quotes a file has at least.
_VALUE: Final = ("", ":", "[", ",", "\n", "\t")
_FEWEST: Final = 2
_ALONE: Final = re.compile(r'^[ \t]*"(?:[^"\\\n]|\\.)*+",?$', re.MULTILINE)
_ESCAPE: Final = re.compile(r"\\(?:[nrt\"\\/]|u[0-9a-fA-F]{4})")
_ESCAPES: Final = {"\\n": " \n", "\\r": "  ", "\\t": " \t", '\\"': ' "', "\\\\": " \\", "\\/": " /"}
_KERNEL: Final = re.compile(r'"language"\s{0,3}:\s{0,3}"([^"\n]{1,40})"')

_TRACES: Final = (
    ("Traceback (most recent call last)", "python", re.compile(
        r"^[^\n]{0,40}Traceback \(most recent call last\):[^\n]*\n"
        r"(?:[ \t]+[^\n]*\n?|\n(?=[ \t]+File ))+"
        r"(?:[\w.]{1,100}(?::[^\n]*)?)?", re.MULTILINE)),
    (".java:", "java", re.compile(
        r"(?:^(?:Exception in thread|Caused by: |[\w.$]{1,200}(?:Exception|Error))[^\n]*\n)?"
        r"(?:^[ \t]+(?:at [\w.$<>/]{1,300}\([^)\n]{0,200}\)|\.\.\. \d+ (?:more|common))[^\n]*\n?)+",
        re.MULTILINE)),
    (".cs:line ", "c#", re.compile(
        r"(?:^[^\n]{0,200}Exception[^\n]*\n)?(?:^[ \t]+at [^\n]{1,400}\n?)+", re.MULTILINE)),
    ("    at ", "javascript", re.compile(
        r"(?:^[^\n]{0,60}Error[^\n]*\n)?(?:^[ \t]+at [^\n]{1,300}:\d+:\d+\)?\n?){1,200}",
        re.MULTILINE)),
    ("goroutine ", "go", re.compile(
        r"(?:^panic: [^\n]*\n(?:\[[^\n]*\n)?\n?)?^goroutine \d+ \[[^\]\n]{1,80}\]:\n(?:[^\n]+\n?)+",
        re.MULTILINE)),
    ("panicked at", "rust", re.compile(
        r"^thread '[^'\n]{1,80}' panicked at [^\n]*(?:\n[^\n]{1,300})?"
        r"(?:\nstack backtrace:(?:\n[ \t]+[^\n]+)+)?", re.MULTILINE)),
    (".rb:", "ruby", re.compile(
        r"^[^\s:]{1,200}\.rb:\d+:in [^\n]*(?:\n[ \t]+(?:\d+: )?from [^\n]*)+", re.MULTILINE)),
    (".php", "php", re.compile(
        r"(?:^[^\n]{0,60}Fatal error[^\n]*\n(?:Stack trace:\n)?)?"
        r"(?:^#\d+ [^\n]{0,200}\.php\(\d+\)[^\n]*\n?)+", re.MULTILINE)),
)  # fmt: skip


def view_of(text: str) -> View:
    """The view of a text; the text itself where nothing wraps anything."""
    view = View(text)
    # To look for one mark first is what costs least where there is none.
    if ("`" in text and "```" in text) or ("~" in text and "~~~" in text):
        view = _without_fences(view)
    traces = tuple(_traces(text))
    if traces:
        view = view._replace(traces=traces, shut=view.shut + tuple(span for _, span in traces))
    whole = _is_json(text)
    if whole:
        known = (DATA, Span(0, len(text)))
        view = view._replace(known=(*view.known, known))
    if whole or ("\\" in text and '"' in text and "\\n" in text):
        view = _without_strings(view, whole=whole)
    if ("+" in text and "\n+" in text) or text.startswith("diff --git"):
        view = _without_diff(view)
    if any(sign[0] in text and sign in text for sign in _PROMPT_SIGNS):
        view = _without_prompts(view)
    return view


def _without_fences(view: View) -> View:
    known, shut = [], []
    opened: re.Match[str] | None = None
    for match in _fences(view.text):
        if opened is None:
            opened = match
            shut.append(Span(match.start(), match.end()))
        elif match["mark"].startswith(opened["mark"]) and not match["tag"]:
            known += _fenced(view.text, opened, match.start())
            shut.append(Span(match.start(), match.end()))
            opened = None
    if opened is not None:
        known += _fenced(view.text, opened, len(view.text))
    shut += [span for _, span in known]
    return view._replace(known=view.known + tuple(known), shut=view.shut + tuple(shut))


def _fences(text: str) -> list[re.Match[str]]:
    """Every line that opens or closes a block, in order."""
    out = []
    for mark in ("```", "~~~"):
        place = text.find(mark)
        while place >= 0:
            match = _FENCE.match(text, text.rfind("\n", 0, place) + 1)
            if match:
                out.append(match)
            end = text.find("\n", place)
            place = text.find(mark, end) if end >= 0 else -1
    return sorted(out, key=lambda match: match.start())


def _fenced(text: str, opened: re.Match[str], end: int) -> list[tuple[str, Span]]:
    """The block between its fences, where the tag says what it is."""
    tag = opened["tag"] or ""
    first, _, rest = tag.partition(":")
    # `12:20:src/app.py` and `src/app.py` stand for a language as well as `python title="x"`.
    label = language_of(first) or language_of_file(rest or tag)
    start = opened.end() + 1
    body = text[start:end].rstrip()
    if label is None or label == OTHER or not body.strip():
        return []
    # Output that is shown behind typed commands is told apart by the prompts.
    if label in ("shell", DATA) and _PROMPT.search("\n" + body):
        return []
    return [(label, Span(start, start + len(body)))]


def _traces(text: str) -> Iterator[tuple[str, Span]]:
    taken = 0
    for sign, label, pattern in _TRACES:
        if sign not in text:
            continue
        for match in pattern.finditer(text):
            if match.start() >= taken or label == "python":
                yield label, Span(match.start(), match.start() + len(match[0].rstrip()))
                taken = match.end()


def _without_strings(view: View, *, whole: bool) -> View:
    """Strings over several escaped lines become lines; in a notebook those that stand on a line
    alone, too. What stands beside them is no code: on their line, or in all of a `whole` JSON."""
    opened: list[Span] = []
    fewest = 1 if whole or '"cell_type"' in view.text else _FEWEST

    def unwrap(match: re.Match[str]) -> str:
        before = view.text[max(match.start() - 3, 0) : match.start()].rstrip(" ")[-1:]
        # `printf("a\n")` is code and not JSON about code.
        if not match["end"] or before not in _VALUE or match[0].count("\\n") < fewest:
            return match[0]
        opened.append(Span(*match.span()))
        return _opened(match[0])

    def open_alone(match: re.Match[str]) -> str:
        opened.append(Span(*match.span()))
        return _opened(match[0])

    text = _STRING.sub(unwrap, view.text)
    hints = view.hints
    if '"cell_type"' in text:
        text = _ALONE.sub(open_alone, text)
        kernel = _KERNEL.search(view.text)
        label = language_of(kernel[1]) if kernel else None
        if label:
            hints = (*hints, (label, Span(0, len(text))))
    if not opened and not whole:
        return view
    shut = tuple(_beside(view.text, sorted(opened), whole=whole))
    return view._replace(text=text, hints=hints, shut=view.shut + shut)


def _beside(text: str, opened: list[Span], *, whole: bool) -> Iterator[Span]:
    """What stands between opened strings, as far as it is not blank."""
    last = 0
    for start, end in [*opened, Span(len(text), len(text))]:
        line = text.rfind("\n", last, start) + 1
        after = text.find("\n", last, start)
        if whole or after < 0:
            ranges = [Span(last, start)]
        else:  # the rest of one line and the head of another
            ranges = [Span(last, after)] if last else []
            ranges += [Span(line, start)] if end > start else []
        yield from (span for span in ranges if text[span.start : span.end].strip())
        last = end


def _is_json(text: str) -> bool:
    """Whether the whole text is a JSON object or array."""
    if not (text[:99].lstrip()[:1] in ("{", "[") and text[-99:].rstrip()[-1:] in ("}", "]")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _opened(string: str) -> str:
    """The string without its quotes and escapes, each an end of line or a blank."""
    head = string.index('"')
    comma = "," if string.endswith(",") else ""
    body = string[head + 1 : len(string) - 1 - len(comma)]
    body = _ESCAPE.sub(lambda match: _ESCAPES.get(match[0], "      "), body)
    return " " * head + "\n" + body + "\n" + " " * len(comma)


def _without_diff(view: View) -> View:
    """Signs of added and removed lines become blanks; heads of files and hunks are no code."""
    if not _HUNK.search(view.text):
        return view
    heads = [Span(*match.span()) for match in _DIFF_HEAD.finditer(view.text)]
    files = list(_FILE.finditer(view.text))
    hints = []
    for number, match in enumerate(files):
        label = language_of_file(match[1])
        end = files[number + 1].start() if number + 1 < len(files) else len(view.text)
        if label:
            hints.append((label, Span(match.end(), end)))
    text = _PLAIN_DIFF.sub(" ", view.text)
    return view._replace(text=text, shut=view.shut + tuple(heads), hints=view.hints + tuple(hints))


def _without_prompts(view: View) -> View:
    hints, typed = [], []
    text = "\n" + view.text

    def blank(match: re.Match[str]) -> str:
        end = text.find("\n", match.end())
        end = end if end >= 0 else len(text)
        if text[match.end() : end].strip():
            span = Span(match.start(), end - 1)
            hints.append((match.lastgroup or OTHER, span))
            typed.append(span)
        return "\n" + " " * (len(match[0]) - 1)

    read = _PROMPT.sub(blank, text)[1:]
    return view._replace(
        text=read, hints=view.hints + tuple(hints), typed=view.typed + tuple(typed)
    )
