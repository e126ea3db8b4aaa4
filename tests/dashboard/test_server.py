"""Who is answered, what answers carry, and that nothing of the trail is markup."""

from __future__ import annotations

import json
import time
from pathlib import Path
from urllib.parse import urlencode

import pytest
from dashboard.served import Served, served
from dashboard.trails import append, build_lines, write_trail

from excise.audit.select import FILTERS
from excise.dashboard.desk import Books, build_desk
from excise.dashboard.server import HEADERS, PAGES, QUESTIONS, STATIC


def test_without_a_session_only_the_page_itself_is_given(page: Served) -> None:
    for path, (name, kind) in PAGES.items():
        reply = page.ask(path, headers={"Cookie": ""})
        assert (reply.status, reply.headers["Content-Type"]) == (200, kind)
        assert reply.body == (STATIC / name).read_bytes()
    for name in (*QUESTIONS, "session", "limits", "queue", "reviews"):
        for cookie in ("", f"excise-{page.port}=", f"excise-{page.port}=guessed"):
            reply = page.ask(f"/api/{name}", headers={"Cookie": cookie})
            assert (reply.status, reply.told) == (401, {"error": "log in first"})


def test_every_answer_carries_the_headers(page: Served) -> None:
    for path in ("/", "/static/app.js", "/api/session", "/nothing", "/api/nothing"):
        headers = page.ask(path).headers
        for name, value in HEADERS.items():
            if name != "Cache-Control":
                assert headers[name] == value
    assert page.ask("/api/session").headers["Cache-Control"] == "no-store"
    rules = dict(each.strip().partition(" ")[::2] for each in
                 HEADERS["Content-Security-Policy"].split(";"))  # fmt: skip
    assert (
        rules["default-src"] == "'none'" and rules["script-src"] == rules["style-src"] == "'self'"
    )


def test_a_cookie_is_for_this_page_alone(page: Served) -> None:
    reply = page.ask("/login", {"token": page.desk.login.token})
    cookie = reply.headers["Set-Cookie"]
    assert cookie.startswith(f"excise-{page.port}=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    for wrong in ("", "x", None, 7, page.desk.login.token[:-1]):
        reply = page.ask("/login", {"token": wrong})
        assert reply.status == 403 and "Set-Cookie" not in reply.headers


def test_another_host_s_name_is_not_answered(page: Served) -> None:
    """A foreign name that was pointed at this machine may not read the trail."""
    for path in ("/", "/api/overview", "/login"):
        for host in ("rebound.example", f"rebound.example:{page.port}", "127.0.0.1", ""):
            reply = page.ask(path, headers={"Host": host})
            assert reply.status in (400, 421), (path, host)
    assert page.ask("/", headers={"Host": f"localhost:{page.port}"}).status == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"Origin": "http://elsewhere.example"},
        {"Origin": "null"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"X-Excise-Word": ""},
        {"X-Excise-Word": "0" * 64},
    ],
)
def test_a_change_comes_from_the_page_alone(page: Served, changed: dict[str, str]) -> None:
    body = {"id": "x", "rule": "r", "time": "2030-06-10T00:00:00.000Z", "verdict": True}
    assert page.ask("/api/review", body).status == 400  # asked rightly, of nothing that is there
    assert page.ask("/api/review", body, headers=changed).status == 403


@pytest.mark.parametrize(
    "path",
    [
        "/static/../server.py",
        "/static/%2e%2e/server.py",
        "/static/",
        "/api/",
        "/api/review",
        "/api/../login",
        "/.git/config",
    ],
)
def test_nothing_else_is_served(page: Served, path: str) -> None:
    assert page.ask(path).status == 404


@pytest.mark.parametrize(
    "query",
    [
        "overview?since=yesterday",
        "overview?since=2030-06-10T12:30",  # counts are by the hour
        "overview?until=2030-13",
        "overview?rule=" + "x" * 301,
        "lines?count=many",
        "lines?count=-1",
        "lines?count=10&until=2030-02-31T00:00:00.000Z",
        "live?mark=x",
        "exchange?id=",
        "exchange?id=a&time=2030",
    ],
)
def test_what_cannot_be_asked_is_refused(page: Served, query: str) -> None:
    reply = page.ask(f"/api/{query}")
    assert reply.status == 400 and reply.told["error"]


@pytest.mark.parametrize("value", ["x' OR true --", '"; DROP TABLE kinds; --'])
def test_filters_are_values_and_never_sql(page: Served, value: str) -> None:
    for name in set(FILTERS) - {"since", "until"}:
        reply = page.ask(f"/api/shadow?{urlencode({name: value})}")
        assert (reply.status, reply.told) == (200, {"rules": [], "actions": []})


def test_every_question_is_answered(page: Served, trail: Path) -> None:
    assert page.ask("/api/overview").told["totals"]["lines"] == 600
    lines = page.ask("/api/lines?count=5&action=redact").told
    assert len(lines) == 5 and {line["action"] for line in lines} == {"redact"}
    assert [line["time"] for line in lines] == sorted((e["time"] for e in lines), reverse=True)
    older = page.ask(f"/api/lines?count=5&action=redact&until={lines[-1]['time']}").told
    assert older[0]["time"] < lines[-1]["time"]
    one = lines[0]
    found = page.ask(f"/api/exchange?id={one['id']}&time={one['time']}").told
    assert one in found and found == page.ask(f"/api/exchange?id={one['id']}").told
    assert page.ask("/api/exchange?id=nobody").told == []
    assert page.ask("/api/limits").told["why"]


def test_what_is_written_is_seen_live(tmp_path: Path) -> None:
    trail = write_trail(tmp_path, build_lines(30))
    books = Books(trail=trail, state_dir=tmp_path, reviewer="iris", limits=dict)
    with served(build_desk(books, {})) as page:
        page.enter()
        mark = page.ask("/api/live?mark=0").told["mark"]
        told = {"records": []}
        for number in range(100):
            append(trail, {**build_lines(1)[0], "id": f"fresh-{number}"})
            told = page.ask(f"/api/live?mark={mark}").told
            if told["records"]:
                break
            time.sleep(0.05)
        assert all(record["id"].startswith("fresh-") for record in told["records"])
        assert told["records"] and told["mark"] == mark + len(told["records"])
        assert page.ask(f"/api/live?mark={mark}&app=none").told["records"] == []


def test_logging_out_ends_the_session(trail: Path, tmp_path: Path) -> None:
    books = Books(trail=trail, state_dir=tmp_path, reviewer="iris", limits=dict)
    with served(build_desk(books, {})) as page:
        page.enter()
        assert page.ask("/api/session").status == 200
        page.ask("/logout", {})
        assert page.ask("/api/session").status == 401


def test_without_a_trail_the_page_says_so_and_takes_up_one_that_comes(tmp_path: Path) -> None:
    books = Books(trail=tmp_path / "audit.jsonl", state_dir=tmp_path, reviewer="iris", limits=dict)
    with served(build_desk(books, {})) as page:
        page.enter()
        reply = page.ask("/api/overview")
        assert reply.status == 503 and "no trail yet" in reply.told["error"]
        (tmp_path / "audit.jsonl").write_text(json.dumps(build_lines(1)[0]) + "\n")
        assert page.ask("/api/overview").told["totals"]["lines"] == 1
