"""What was committed is on disk; what cannot be written is refused; a trail never lies torn."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from excise.audit import trail, writer
from excise.audit.archive import rotated
from excise.audit.fields import Stage, build_schema
from excise.audit.heads import head_path, read_head
from excise.audit.record import Facts, Record, build_record
from excise.audit.trail import Keeping, Seal
from excise.audit.verify import verify_trail
from excise.audit.writer import AuditWriter
from excise.errors import AuditError
from excise.state.signing import load_or_create_signer

VALIDATOR = Draft202012Validator(build_schema())


def line(number: int = 0) -> Record:
    return build_record(Facts(stage=Stage.TUNNEL, id=f"x{number}"))


def read(path: Path) -> list[Record]:
    records = [json.loads(each) for each in path.read_text("utf-8").splitlines()]
    for record in records:
        VALIDATOR.validate(record)
    return records


def ids(path: Path) -> list[str]:
    return [record["id"] for record in read(path) if record["stage"] == "tunnel"]


class BrokenDisk:
    """An `os.write` that fails while `broken`, after `partly` bytes of a write got through."""

    def __init__(self, code: int = errno.ENOSPC, partly: int = 0) -> None:
        self.broken = True
        self._code, self._partly = code, partly
        self._real = os.write
        self._wrote = False

    def __call__(self, fd: int, data: Any) -> int:
        if not self.broken:
            return self._real(fd, data)
        if self._partly and not self._wrote:
            self._wrote = True
            return self._real(fd, bytes(data)[: self._partly])
        self._wrote = False
        raise OSError(self._code, os.strerror(self._code))


def wait_until(true: Callable[[], bool]) -> None:
    gate = threading.Event()
    for _ in range(1000):
        if true():
            return
        gate.wait(0.01)
    raise AssertionError("never came true")


def test_a_committed_line_is_on_disk_when_commit_returns(tmp_path: Path) -> None:
    path = tmp_path / "audit" / "audit.jsonl"
    with AuditWriter(path, clock=lambda: 0.5, worker="w1") as trail:
        trail.commit_sync(line(1))
        [record] = read(path)
        assert record["time"] == "1970-01-01T00:00:00.500Z"
        assert record["worker"] == "w1"


def test_lines_bear_the_millisecond_at_which_they_came(tmp_path: Path) -> None:
    moments = iter([0.0, 1.999, 1.25, 1_900_000_000.5])
    path = tmp_path / "audit.jsonl"
    with AuditWriter(path, clock=lambda: next(moments)) as trail:
        for number in range(4):
            trail.offer(line(number))
    assert [record["time"] for record in read(path)] == [
        "1970-01-01T00:00:00.000Z",
        "1970-01-01T00:00:01.999Z",
        "1970-01-01T00:00:01.250Z",
        "2030-03-17T17:46:40.500Z",
    ]


def test_file_and_folder_are_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "audit" / "audit.jsonl"
    with AuditWriter(path):
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700


def test_an_open_file_is_made_private_and_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.touch(0o644)
    path.chmod(0o644)
    said: list[str] = []
    with AuditWriter(path, notice=said.append):
        assert path.stat().st_mode & 0o777 == 0o600
    assert "owner-only" in said[0]


def test_offered_lines_are_written_in_order_at_close(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    with AuditWriter(path) as trail:
        for number in range(50):
            trail.offer(line(number))
    assert ids(path) == [f"x{number}" for number in range(50)]


async def test_many_commits_share_few_syncs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncs = []
    real = os.fsync
    monkeypatch.setattr(trail.os, "fsync", lambda fd: (syncs.append(fd), real(fd))[1])
    path = tmp_path / "audit.jsonl"
    audit = AuditWriter(path)
    await asyncio.gather(*(audit.commit(line(number)) for number in range(200)))
    assert sorted(ids(path)) == sorted(f"x{number}" for number in range(200))
    assert len(syncs) < 100
    audit.close()


def test_threads_and_loops_share_one_writer(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    audit = AuditWriter(path)

    def with_loop(base: int) -> None:
        async def all_of_them() -> None:
            for number in range(base, base + 20):
                await audit.commit(line(number))

        asyncio.run(all_of_them())

    threads = [threading.Thread(target=with_loop, args=(base,)) for base in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids(path))) == 60
    audit.close()


def test_writers_of_several_processes_share_one_trail(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    with (
        AuditWriter(path, keeping=Keeping(bytes=2000)) as one,
        AuditWriter(path, keeping=Keeping(bytes=2000)) as two,
    ):
        for number in range(0, 60, 2):
            one.commit_sync(line(number))
            two.commit_sync(line(number + 1))
    files = [*rotated(path), path]
    assert len(files) > 2
    assert [each for file in files if file.exists() for each in ids(file)] == [
        f"x{number}" for number in range(60)
    ]


def test_a_full_queue_refuses_and_the_gap_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "audit.jsonl"
    go, real = threading.Event(), os.write
    monkeypatch.setattr(trail.os, "write", lambda fd, data: (go.wait(), real(fd, data))[1])
    audit = AuditWriter(path, queue_limit=3)
    audit.offer(line(0))
    wait_until(lambda: audit.depth == 0)  # the thread has it and is held up
    for number in (1, 2, 3):
        audit.offer(line(number))
    with pytest.raises(AuditError) as refused:
        audit.offer(line(4))
    assert refused.value.code == "EXC-AUD-002"
    go.set()
    audit.close()
    assert ids(path) == ["x0", "x1", "x2", "x3"]
    assert [record["lost"] for record in read(path) if record["stage"] == "gap"] == [1]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("partly", [0, 7])
def test_a_failed_trail_refuses_then_recovers_without_a_torn_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, partly: int
) -> None:
    path, said = tmp_path / "audit.jsonl", list[str]()
    audit = AuditWriter(path, retry_seconds=0.02, notice=said.append)
    audit.commit_sync(line(1))
    disk = BrokenDisk(code, partly)
    monkeypatch.setattr(trail.os, "write", disk)
    with pytest.raises(AuditError, match="EXC-AUD-001"):
        audit.commit_sync(line(2))
    assert audit.failed
    with pytest.raises(AuditError, match="EXC-AUD-001"):
        audit.offer(line(3))
    disk.broken = False
    wait_until(lambda: not audit.failed)
    audit.commit_sync(line(4))
    audit.close()
    assert ids(path) == ["x1", "x4"]
    assert [record["lost"] for record in read(path) if record["stage"] == "gap"] == [2]
    assert [("cannot" in text, "again" in text) for text in said] == [(True, False), (False, True)]


def test_a_notice_that_cannot_be_given_does_not_stop_the_trail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Standard error may be a file on the very disk that is full."""

    def fail(_: str) -> None:
        raise OSError(errno.ENOSPC, "no space")

    path = tmp_path / "audit.jsonl"
    audit = AuditWriter(path, retry_seconds=0.02, notice=fail)
    disk = BrokenDisk()
    monkeypatch.setattr(trail.os, "write", disk)
    with pytest.raises(AuditError, match="EXC-AUD-001"):
        audit.commit_sync(line(1))
    disk.broken = False
    wait_until(lambda: not audit.failed)
    audit.commit_sync(line(2))
    audit.close()
    assert ids(path) == ["x2"]


def test_lines_offered_before_the_disk_failed_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "audit.jsonl"
    disk = BrokenDisk()
    monkeypatch.setattr(trail.os, "write", disk)
    audit = AuditWriter(path, retry_seconds=0.02)
    audit.offer(line(1))
    wait_until(lambda: audit.failed)
    disk.broken = False
    wait_until(lambda: not audit.failed)
    audit.close()
    assert ids(path) == ["x1"]


def test_closing_a_failed_trail_says_what_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail.os, "write", BrokenDisk())
    audit = AuditWriter(tmp_path / "audit.jsonl")
    audit.offer(line(1))
    with pytest.raises(AuditError, match="1 records could not be written"):
        audit.close()


def test_nothing_is_taken_after_close(tmp_path: Path) -> None:
    audit = AuditWriter(tmp_path / "audit.jsonl")
    audit.close()
    with pytest.raises(AuditError, match="closed"):
        audit.offer(line())


def test_a_writer_thread_that_dies_leaves_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    audit = AuditWriter(tmp_path / "audit.jsonl")
    monkeypatch.setattr(audit._trail, "append", lambda *_, **__: 1 / 0)
    with pytest.raises(AuditError, match="EXC-AUD-001"):
        audit.commit_sync(line())
    with pytest.raises(AuditError, match="EXC-AUD-001"):
        audit.offer(line())


@pytest.mark.parametrize("record", [{"stage": b"planted-value"}, {"planted-value": 1}])
def test_a_record_that_does_not_fit_is_refused_without_showing_it(
    tmp_path: Path, record: dict[str, Any]
) -> None:
    with AuditWriter(tmp_path / "audit.jsonl") as audit, pytest.raises(AuditError) as refused:
        audit.offer(record)
    assert refused.value.code == "EXC-AUD-003"
    assert "planted" not in str(refused.value)


def test_a_disk_that_hangs_does_not_hang_the_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, real = threading.Event(), os.write
    monkeypatch.setattr(trail.os, "write", lambda fd, data: (go.wait(), real(fd, data))[1])
    audit = AuditWriter(tmp_path / "audit.jsonl")
    audit.offer(line())
    with pytest.raises(AuditError, match="does not answer"):
        audit.close(patience=0.05)
    go.set()
    audit.close()


async def test_a_caller_that_gives_up_does_not_take_its_line_along(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    audit = AuditWriter(path)
    task = asyncio.create_task(audit.commit(line(1)))
    await asyncio.sleep(0)
    task.cancel()
    await audit.commit(line(2))
    audit.close()
    assert ids(path) == ["x1", "x2"]
    assert task.cancelled()


@pytest.mark.parametrize("name", ["file/audit.jsonl", "folder", "link"])
def test_a_trail_that_cannot_be_opened_refuses_at_once(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("/dev/null")
    with pytest.raises(AuditError) as refused:
        AuditWriter(tmp_path / name)
    assert refused.value.code == "EXC-AUD-001"
    assert str(tmp_path) in str(refused.value)


WRITE_FOR_EVER = """
import sys
from pathlib import Path
from excise.audit.writer import AuditWriter
audit = AuditWriter(Path(sys.argv[1]))
number = 0
while True:
    audit.offer({"id": f"o{number}"})
    audit.commit_sync({"id": f"x{number}", "profile": "p" * 5000})
    print(number, flush=True)
    number += 1
"""


def run_child(code: str, path: Path, **options: Any) -> subprocess.Popen[str]:
    source = str(Path(writer.__file__).parents[2])
    return subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": source},
        **options,
    )


def test_kill_9_loses_no_committed_line_and_the_next_start_mends_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    child = run_child(WRITE_FOR_EVER, path)
    assert child.stdout is not None
    committed = [child.stdout.readline().strip() for _ in range(30)]
    child.send_signal(signal.SIGKILL)
    child.wait()
    committed += child.stdout.read().split()
    child.stdout.close()
    with path.open("ab") as file:
        file.write(b'{"id": "torn')  # what a write cut by the kill would leave
    AuditWriter(path).close()
    written = {json.loads(each).get("id") for each in path.read_text().splitlines()}
    assert {f"x{number}" for number in committed} <= written


HIT_THE_LIMIT = """
import resource, sys
from pathlib import Path
from excise.audit.writer import AuditWriter
from excise.errors import AuditError
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
audit = AuditWriter(Path(sys.argv[1]))
done = 0
try:
    while done < 100:
        audit.commit_sync({"id": f"x{done}", "profile": "p" * 400})
        done += 1
except AuditError as refused:
    print(done, refused.code)
"""


def test_a_real_limit_of_the_system_leaves_whole_lines_only(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    child = run_child(HIT_THE_LIMIT, path)
    said, _ = child.communicate(timeout=60)
    done, code = said.split()
    assert code == "EXC-AUD-001"
    lines = path.read_bytes()
    assert lines.endswith(b"\n")
    assert [json.loads(each)["id"] for each in lines.splitlines()] == [
        f"x{number}" for number in range(int(done))
    ]


FOR_EVER_SIGNED = """
import sys
from pathlib import Path
from excise.audit.heads import head_path
from excise.audit.trail import Keeping, Seal
from excise.audit.writer import AuditWriter
from excise.state.signing import load_or_create_signer
path = Path(sys.argv[1])
signer = load_or_create_signer(path.parent)
seal = Seal(signer.sign, signer.key_id, head_path(path.parent, path), lines=25)
keeping = Keeping(bytes=60_000, files=4, packing="zstd")
while (told := sys.stdin.read(1)):  # one process a round, forked so that its start costs little
    import os
    child = os.fork()
    if child == 0:
        audit = AuditWriter(path, keeping=keeping, seal=seal)
        number = 0
        while True:
            audit.offer({"id": f"o{told}{number}"})
            audit.commit_sync({"id": f"x{number}", "profile": "p" * 2000})
            os.write(1, b".")
            number += 1
    print(child, flush=True)
    os.waitpid(child, 0)
    print("ended", flush=True)
"""


def test_a_hundred_kills_under_load_leave_a_trail_that_verifies(tmp_path: Path) -> None:
    """Rotation, packing and retention go on meanwhile; each start mends what the kill has left."""
    path = tmp_path / "audit.jsonl"
    parent = run_child(FOR_EVER_SIGNED, path, stdin=subprocess.PIPE, bufsize=0)
    assert parent.stdin is not None and parent.stdout is not None
    for round_ in range(100):
        parent.stdin.write("k")
        digits = ""
        while not digits.endswith("\n"):
            digits += parent.stdout.read(1).strip(".")
        for _ in range(round_ % 7):
            parent.stdout.read(1)
        os.kill(int(digits), signal.SIGKILL)
        while parent.stdout.read(1) != "\n":
            pass
    parent.stdin.close()
    parent.wait()
    parent.stdout.close()
    signer = load_or_create_signer(tmp_path)
    seal = Seal(signer.sign, signer.key_id, head_path(tmp_path, path))
    AuditWriter(path, seal=seal).close()
    kept = partial(head_path, tmp_path)
    [report] = verify_trail(path, signer.verifier.check, lambda trail: read_head(kept(trail)))
    assert report.faults == []
    assert report.lines > 100 and report.checkpoints > 4
