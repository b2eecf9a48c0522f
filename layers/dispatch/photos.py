"""Photos of cases: files named by the SHA-256 of their content, so that the same picture is kept once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from data.kept_files import alone, put
from data.pictures import repainted
from data.tables import Case, Photo
from gis.errors import GridError
from layers.actor import Actor
from layers.cases.queries import case_id, unknown_case
from layers.errors import Conflict, NotFound

MOST_OF_A_CASE = 100


@dataclass(frozen=True)
class KeptPhoto:
    """A photo on the disk.

    Attributes:
        path: The file.
        media_type: Its type.
    """

    path: Path
    media_type: str


def keep(session: Session, actor: Actor, number: str, content: bytes, folder: Path) -> dict[str, Any]:
    """Keep a photo of a case: the picture alone, without what the phone wrote into the file.

    The file is on the disk before the case is told of it. One that no case was told of in the end is shown to nobody,
    and is used when the same picture comes again.

    Args:
        session: An open session.
        actor: Who sends it.
        number: The case.
        content: The file as it came.
        folder: Where photos are kept.

    Returns:
        sha256, media_type, width, height, bytes.

    Raises:
        NotFound: `unknown_case`.
        Conflict: `too_many_photos`.
        BadInput: `photo_wrong_type`, `photo_too_large`, `photo_unreadable`.
        GridError: `photo_not_written`.
    """
    case = case_id(number)
    if session.scalar(select(Case.id).where(Case.id == case)) is None:
        raise unknown_case(number)
    if (session.scalar(select(func.count()).where(Photo.case_id == case)) or 0) >= MOST_OF_A_CASE:
        detail = f"The case has {MOST_OF_A_CASE} photos already."
        raise Conflict("too_many_photos", detail, field="number", value=number)
    picture = repainted(content)
    name = hashlib.sha256(picture.body).hexdigest()
    told = {
        "sha256": name,
        "media_type": picture.media_type,
        "width": picture.width,
        "height": picture.height,
        "bytes": len(picture.body),
    }
    _write(_path(folder, name), picture.body)
    session.execute(insert(Photo).values(case_id=case, actor=actor.name, **told).on_conflict_do_nothing())
    return told


def kept_photo(session: Session, sha256: str, folder: Path) -> KeptPhoto:
    """A photo that some case has.

    Args:
        session: An open session.
        sha256: Its name.
        folder: Where photos are kept.

    Raises:
        NotFound: `unknown_photo`: no case has it, or its file is gone.
    """
    media_type = session.scalar(select(Photo.media_type).where(Photo.sha256 == sha256).limit(1))
    path = _path(folder, sha256)
    if media_type is None or not path.is_file():
        raise NotFound("unknown_photo", "There is no photo of this name.", field="sha256", value=sha256)
    return KeptPhoto(path, media_type)


def _path(folder: Path, sha256: str) -> Path:
    return folder / sha256[:2] / sha256


def _write(path: Path, body: bytes) -> None:
    try:
        with alone(path.parent):
            if not path.exists():
                put(path, lambda sink: sink.write(body))
    except OSError as error:
        raise GridError(
            "photo_not_written",
            f"The photo could not be written ({error.strerror}); GRIDKEEPER_HOME must name a folder that the service "
            "may write to, with room in it.",
            field="GRIDKEEPER_HOME",
        ) from error
