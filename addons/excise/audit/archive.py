"""The files of a trail: their names, reading them whatever their packing, and packing them.

`audit.jsonl` is written to; full files become `audit-<moment>-<count>.jsonl` and are packed to
`….jsonl.zst` or `….jsonl.gz`. A worker process of its own writes `audit.w2.jsonl` and so on.
"""

from __future__ import annotations

import fcntl
import gzip
import io
import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from glob import escape
from pathlib import Path
from typing import IO, Any, Final

PACKINGS: Final = ("zstd", "gzip", "none")
_SUFFIX: Final = {"zstd": ".zst", "gzip": ".gz"}
_PACKED: Final = tuple(_SUFFIX.values())
_MOMENT: Final = r"\d{8}T\d{6}-\d{6}"
_ROTATED: Final = re.compile(rf"(.+)-{_MOMENT}(\.[^.]+)")
COUNTS: Final = ".parquet"
_CHUNK: Final = 1 << 20


def path_of(path: Path, worker: str) -> Path:
    """The trail of one worker process; that of an unnamed one is `path` itself."""
    return path.with_name(f"{path.stem}.w{worker}{path.suffix}") if worker else path


def family_of(path: Path) -> list[Path]:
    """`path` and the trails of worker processes beside it, whether written to now or not."""
    form = re.compile(
        rf"({re.escape(path.stem)}\.w[A-Za-z0-9]+)(?:-{_MOMENT})?{re.escape(path.suffix)}"
        r"(?:\.zst|\.gz)?"
    )
    hits = (form.fullmatch(each.name) for each in path.parent.iterdir())
    return [path, *(path.with_name(n + path.suffix) for n in sorted({h[1] for h in hits if h}))]


def rotated(path: Path) -> list[Path]:
    """The files that `path` was rotated to, oldest first; of two packings of one, the plain."""
    form = re.compile(rf"({re.escape(path.stem)}-{_MOMENT}{re.escape(path.suffix)})(\.zst|\.gz)?")
    found: dict[str, Path] = {}
    for each in path.parent.iterdir():
        hit = form.fullmatch(each.name)
        if hit is not None and (hit[1] not in found or hit[2] is None):
            found[hit[1]] = each
    return [found[name] for name in sorted(found)]


def plain_name(path: Path) -> str:
    """The file's name without its packing."""
    return path.name.removesuffix(path.suffix) if path.suffix in _PACKED else path.name


def trail_name(file: Path) -> str:
    """The path of the trail that a file belongs to."""
    name = plain_name(file)
    hit = _ROTATED.fullmatch(name)
    return str(file.with_name(hit[1] + hit[2] if hit else name))


def there(file: Path) -> Path:
    """The file, or what it was packed to since it was listed."""
    if file.exists():
        return file
    for suffix in (".zst", ".gz"):
        packed = file.with_name(file.name + suffix)
        if packed.exists():
            return packed
    return file


def counts_name(file: Path, kind: str) -> Path:
    """Where counts of a full file are kept; `kind` says of what and by which key."""
    return file.with_name(f"{plain_name(file)}.{kind}{COUNTS}")


def drop_counts(file: Path, keep: Iterable[Path] = ()) -> None:
    """Remove counts of a file, for they may not outlive it."""
    kept = set(keep)
    for each in file.parent.glob(f"{escape(plain_name(file))}.*{COUNTS}*"):
        if each not in kept:
            each.unlink(missing_ok=True)


def open_file(path: Path) -> IO[bytes]:
    """The file's lines as bytes, unpacked as they are read. Raises `OSError`, and while reading
    what `BROKEN` names."""
    if path.suffix == ".gz":
        return io.BufferedReader(gzip.open(path), _CHUNK)
    if path.suffix == ".zst":
        import zstandard

        raw = path.open("rb")
        reader: Any = zstandard.ZstdDecompressor().stream_reader(
            raw, read_across_frames=True, closefd=True
        )
        return io.BufferedReader(reader, _CHUNK)
    return path.open("rb")


def broken() -> tuple[type[Exception], ...]:
    """What reading a damaged packed file raises."""
    import zlib

    import zstandard

    return (EOFError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError)


def pack(path: Path, packing: str) -> Path | None:
    """Pack a rotated file and remove the plain one; None where another process is at it.

    The packed file appears under its name only when all of it is on disk. Raises `OSError`.
    """
    target = path.with_name(path.name + _SUFFIX[packing])
    draft = target.with_name(target.name + ".part")
    with suppress(FileNotFoundError), path.open("rb") as source:
        try:
            fcntl.flock(source, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as sink:
            _packer(packing)(source, sink)
            sink.flush()
            os.fsync(sink.fileno())
        draft.rename(target)
        sync_dir(path.parent)
        path.unlink()
        return target
    return None


def sync_dir(path: Path) -> None:
    """Make new names in a directory survive a power cut, where the file system can."""
    with suppress(OSError):
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _packer(packing: str) -> Callable[[IO[bytes], IO[bytes]], None]:
    return _gzipped if packing == "gzip" else _zstandard


def _gzipped(source: IO[bytes], sink: IO[bytes]) -> None:
    with gzip.GzipFile(filename="", mode="wb", fileobj=sink, compresslevel=6, mtime=0) as packer:
        while chunk := source.read(_CHUNK):
            packer.write(chunk)


def _zstandard(source: IO[bytes], sink: IO[bytes]) -> None:
    import zstandard

    zstandard.ZstdCompressor(level=3, write_checksum=True).copy_stream(source, sink)
