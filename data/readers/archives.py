"""Files as they lie on disk: plain, .gz or .zip, opened with guards against files that unpack without end."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from gis.errors import BadInput

BLOCK_BYTES = 4 * 2**20
MAX_UNPACKED_BYTES = 2 * 10**9
MAX_STREAM_BYTES = 20 * 10**9
# A ratio counts only above this size: a small table of blanks packs 300-fold and harms nobody.
_RATIO_FROM_BYTES = 100 * 10**6
MAX_RATIO = 200
_BROKEN = (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError)


def existing(path: Path | str) -> Path:
    """The path of a file that is there and is not empty.

    Raises:
        BadInput: `file_missing`, `file_unreadable` or `file_empty`.
    """
    file = Path(path)
    try:
        if not file.is_file():
            raise BadInput("file_missing", f"There is no file {file}.", field="file", value=file)
        if file.stat().st_size == 0:
            raise BadInput("file_empty", f"{file.name} is empty.", field="file", value=file)
        with file.open("rb"):
            return file
    except (OSError, ValueError) as error:
        raise BadInput(
            "file_unreadable", f"{file.name} cannot be opened: {error}.", field="file", value=file
        ) from error


def corrupt(file: str, what: str) -> BadInput:
    """The error for a file that is broken or is not what its name says."""
    return BadInput("file_corrupt", f"{file} cannot be read: {what}.", field="file", value=file)


def zip_members(path: Path) -> list[zipfile.ZipInfo]:
    """The files in a zip, without folders and the hidden copies that macOS adds.

    Raises:
        BadInput: `archive_unsafe` (a name that leads out of the archive), `archive_locked` (a password),
            `file_corrupt`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except _BROKEN as error:
        raise corrupt(path.name, "it is not a whole zip file") from error
    for member in members:
        name = PurePosixPath(member.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
            detail = f"{path.name} holds a file named {member.filename}, which leads out of it; it was not opened."
            raise BadInput("archive_unsafe", detail, field="file", value=member.filename)
        if member.flag_bits & 1:
            detail = f"{path.name} is locked with a password; unpack it and give the file inside."
            raise BadInput("archive_locked", detail, field="file", value=path.name)
    hidden = ("__MACOSX/", "._")
    return [m for m in members if not m.is_dir() and not m.filename.startswith(hidden) and "/._" not in m.filename]


def guard_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    """Refuse members that unpack to too much.

    Raises:
        BadInput: `archive_too_large` (over 2 GB, or over 100 MB at more than 200-fold).
    """
    # zipfile never gives more bytes than the directory of the archive declares, so checking those is enough.
    packed = sum(member.compress_size for member in members)
    _guard(path.name, sum(member.file_size for member in members), packed, MAX_UNPACKED_BYTES)


def unpack(path: Path, members: list[zipfile.ZipInfo], into: Path) -> list[Path]:
    """Write members of a zip flat into a folder, their suffixes in lower case.

    Raises:
        BadInput: `archive_too_large` (over 2 GB, or over 100 MB at more than 200-fold), `file_corrupt`.
    """
    guard_members(path, members)
    written: list[Path] = []
    try:
        with zipfile.ZipFile(path) as archive:
            for member in members:
                name = Path(member.filename.replace("\\", "/"))
                target = into / f"{name.stem}{name.suffix.lower()}"
                with archive.open(member) as source, target.open("wb") as sink:
                    while block := source.read(BLOCK_BYTES):
                        sink.write(block)
                written.append(target)
    except _BROKEN as error:
        raise corrupt(path.name, f"{member.filename} inside it is damaged") from error
    return written


def byte_blocks(
    path: Path, *, member: zipfile.ZipInfo | None = None, max_bytes: int = MAX_STREAM_BYTES
) -> Iterator[bytes]:
    """The bytes of a plain or .gz file, or of one member of a zip, in blocks and constant memory.

    Raises:
        BadInput: `archive_too_large` (over `max_bytes`, or 100 MB at over 200-fold) or `file_corrupt`.
    """
    packed = member.compress_size if member else path.stat().st_size
    is_packed = member is not None or path.suffix.lower() == ".gz"
    given = 0
    try:
        with _opened(path, member) as stream:
            while block := stream.read(BLOCK_BYTES):
                given += len(block)
                if is_packed:
                    _guard(path.name, given, packed, max_bytes)
                yield block
    except _BROKEN as error:
        raise corrupt(path.name, f"it breaks off or is damaged after {given:,} bytes") from error


def _opened(path: Path, member: zipfile.ZipInfo | None) -> IO[bytes] | gzip.GzipFile:
    if member:
        with zipfile.ZipFile(path) as archive:  # an open member outlives the archive object
            return archive.open(member)
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rb")
    return path.open("rb")


def _guard(file: str, unpacked: int, packed: int, limit: int) -> None:
    ratio = unpacked / max(packed, 1)
    if unpacked > limit or (unpacked > _RATIO_FROM_BYTES and ratio > MAX_RATIO):
        size = f"{file} unpacks to {unpacked:,} bytes or more, {ratio:,.0f} times its size"
        detail = f"{size}; it was not read. If it is sound, unpack it and give the file inside."
        values = {"unpacked_bytes": unpacked}
        raise BadInput("archive_too_large", detail, field="file", value=file, values=values)
