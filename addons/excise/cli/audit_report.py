"""`excise audit report`: one month for an auditor, as a page to print, as Markdown or as JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any, Final

from excise.audit.record import render_time
from excise.audit.report import Audit, Section, Table, build_report, month_after
from excise.cli.audit_export import open_output
from excise.cli.audit_verify import check_trail
from excise.cli.options import settings_of
from excise.errors import ConfigError

_STYLE: Final = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{margin-top:2rem;border-bottom:1px solid #8888}
h3{font-size:1rem;margin:1.2rem 0 .3rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.2rem .6rem .2rem 0;border-bottom:1px solid #8884}
td{overflow-wrap:anywhere}td.n{text-align:right;font-variant-numeric:tabular-nums}
.holds{color:#176f2c}.broken{color:#b3261e}.none{color:#777}
@media(prefers-color-scheme:dark){.holds{color:#7fd491}.broken{color:#ff8a80}}
@media print{body{margin:0;max-width:none;font-size:10pt}h2{break-after:avoid}
tr{break-inside:avoid}thead{display:table-header-group}}
@page{margin:18mm}
"""
_STATES: Final = {
    True: ("holds", "The trail holds: no line was edited, removed, moved or cut off."),
    False: ("broken", "The trail does not hold: see Integrity."),
    None: ("none", "The trail was not verified."),
}


def add_report(commands: Any) -> None:
    """`report` among the commands of `excise audit`."""
    parser = commands.add_parser("report", help="one month for an auditor")
    parser.add_argument("--month", metavar="YYYY-MM", help="default the month that is running")
    parser.add_argument("--format", choices=("html", "md", "json"), default="html")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="owner-only; default standard output"
    )
    parser.add_argument("--public-key", type=Path, metavar="FILE", help="as for verify")
    parser.add_argument("--audit", type=Path, metavar="FILE", help="the trail")
    parser.add_argument("--state-dir", type=Path, metavar="DIR")
    parser.set_defaults(func=run_report)


def run_report(args: argparse.Namespace) -> int:
    """Exit status 1 where the trail does not hold; the report is written all the same."""
    config = settings_of(args)
    now = datetime.now(UTC)
    month = args.month or f"{now:%Y-%m}"
    try:
        until = month_after(month)
    except ValueError:
        raise ConfigError(
            "EXC-CFG-001", "is no month; wanted one such as 2030-01.", at="--month"
        ) from None
    report = build_report(
        config.audit,
        since=month,
        until=until,
        made=render_time(now),
        integrity=check_trail(config, (), args.public_key),
    )
    with open_output(args.output) as sink:
        sink.write(_RENDER[args.format](report))
    return 1 if report.holds is False else 0


def render_html(report: Audit) -> str:
    """One page that needs nothing else, to be read or printed."""
    name, says = _STATES[report.holds]
    body = "".join(_html_section(section) for section in report.sections)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Excise audit report {escape(report.period)}</title><style>{_STYLE}</style></head>"
        f"<body><h1>Audit report</h1><p>{escape(report.period)} (the end is left out), "
        f'made {escape(report.made)}</p><p class="{name}"><strong>{says}</strong></p>'
        f"{body}</body></html>\n"
    )


def render_markdown(report: Audit) -> str:
    """The same for a repository or a ticket."""
    return "\n".join(_markdown(report)) + "\n"


def render_json(report: Audit) -> str:
    """The same for programs."""
    return json.dumps(asdict(report), default=str) + "\n"


def _html_section(section: Section) -> str:
    tables = "".join(_html_table(table) for table in section.tables)
    return f"<h2>{escape(section.title)}</h2><p>{escape(section.says)}</p>{tables}"


def _html_table(table: Table) -> str:
    title = f"<h3>{escape(table.title)}</h3>"
    if not table.rows:
        return f'{title}<p class="none">None.</p>'
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.columns)
    rows = "".join(f"<tr>{''.join(map(_html_cell, row))}</tr>" for row in table.rows)
    return f"{title}<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _html_cell(value: object) -> str:
    kind = ' class="n"' if isinstance(value, int | float) else ""
    return f"<td{kind}>{escape(str(value))}</td>"


def _markdown(report: Audit) -> Iterator[str]:
    yield from (f"# Audit report {report.period}", "", f"Made {report.made}.", "")
    yield f"**{_STATES[report.holds][1]}**"
    for section in report.sections:
        yield from ("", f"## {section.title}", "", section.says)
        for table in section.tables:
            yield from ("", f"### {table.title}", "")
            if not table.rows:
                yield "None."
                continue
            yield "| " + " | ".join(table.columns) + " |"
            yield "|" + "---|" * len(table.columns)
            for row in table.rows:
                yield "| " + " | ".join(_plain(cell) for cell in row) + " |"


def _plain(value: object) -> str:
    # A user agent may hold what Markdown takes for markup.
    text = escape(str(value), quote=False)
    return "".join(f"\\{char}" if char in "|*_[]`\\" else char for char in text)


_RENDER: Final = {"html": render_html, "md": render_markdown, "json": render_json}
