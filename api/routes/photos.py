"""Photos of cases: sent as they are, shown as pictures and never as anything else."""

from __future__ import annotations

from pathlib import Path as Folder
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import FileResponse

from api.auth import TheActor
from api.deps import TheBody, TheReader, TheSession
from layers.dispatch.photos import keep, kept_photo

router = APIRouter(tags=["photos"])

# Were a browser ever to take one for a page, nothing in it could run, load or be clicked.
_SHOWN = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cache-Control": "private, max-age=31536000, immutable",
}
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png"}


def _folder(request: Request) -> Folder:
    folder: Folder = request.app.state.photos
    return folder


Photos = Annotated[Folder, Depends(_folder)]


@router.post(
    "/cases/{number}/photos",
    status_code=201,
    openapi_extra={"requestBody": {"required": True, "content": {"image/*": {}}}},
)
def add_photo(
    number: str,
    content: TheBody,
    actor: TheActor,
    session: TheSession,
    photos: Photos,
) -> dict[str, Any]:
    """Keep a photo of a case: a JPEG, PNG or HEIC file of at most 10 MB as the body.

    What the phone wrote into it, as where and when it was taken, is not kept. The same photo again changes nothing.
    """
    return keep(session, actor, number, content, photos)


@router.get("/photos/{sha256}", response_class=FileResponse)
def show_photo(
    sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")], session: TheReader, photos: Photos
) -> FileResponse:
    """A photo."""
    found = kept_photo(session, sha256, photos)
    return FileResponse(
        found.path,
        media_type=found.media_type,
        filename=f"{sha256[:16]}.{_ENDINGS[found.media_type]}",
        content_disposition_type="inline",
        headers=_SHOWN,
    )
