"""Pictures from phones: known by their content and painted anew; nothing but what is to be seen is kept."""

from __future__ import annotations

import io
from dataclasses import dataclass
from threading import BoundedSemaphore

import pillow_heif
from PIL import Image, ImageOps

from gis.errors import BadInput

# What the largest sensors of phones give.
MOST_PIXELS = 64_000_000
JPEG, PNG = "image/jpeg", "image/png"
_QUALITY = 90
# A picture of the most pixels takes some 250 MB while it is painted anew.
_AT_A_TIME = BoundedSemaphore(2)


@dataclass(frozen=True)
class Picture:
    """A picture as it is kept.

    Attributes:
        body: The file.
        media_type: image/jpeg or image/png; what came as HEIC, which few browsers show, is a JPEG.
        width, height: In pixels, as it is to be looked at.
    """

    body: bytes
    media_type: str
    width: int
    height: int


def repainted(content: bytes) -> Picture:
    """The picture in a JPEG, PNG or HEIC file, turned upright, in a new file.

    Positions, times, names, previews and whatever else the file holds stay behind, also what is hung on to its end.

    Raises:
        BadInput: `photo_wrong_type`, `photo_too_large`, `photo_unreadable`.
    """
    kind = _kind(content)
    if kind is None:
        raise BadInput(
            "photo_wrong_type",
            "This is no JPEG, PNG or HEIC picture; send the file itself as the body of the request.",
            field="photo",
        )
    with _AT_A_TIME:
        try:
            image = _opened(content, kind)
            _require_pixels(*image.size)
            return _painted(_upright(image, kind), PNG if kind == "PNG" else JPEG)
        except (BadInput, MemoryError):
            raise
        except Image.DecompressionBombError as error:
            raise _too_large() from error
        except Exception as error:  # whatever a decoder makes of a file that is broken, or made to break it
            raise BadInput(
                "photo_unreadable", "The picture cannot be read: the file is cut off or broken.", field="photo"
            ) from error


def _kind(content: bytes) -> str | None:
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    return "HEIC" if content[4:8] == b"ftyp" and pillow_heif.is_supported(content) else None


def _opened(content: bytes, kind: str) -> Image.Image:
    if kind != "HEIC":
        return Image.open(io.BytesIO(content), formats=(kind,))
    found = pillow_heif.open_heif(content)[0]
    # The sizes stand in the head; pixels are not read before they are asked for.
    _require_pixels(*found.size)
    return found.to_pillow()


def _require_pixels(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise _too_large()


def _too_large() -> BadInput:
    return BadInput(
        "photo_too_large",
        f"The picture has more than {MOST_PIXELS // 1_000_000} million pixels; send a smaller one.",
        field="photo",
    )


def _upright(image: Image.Image, kind: str) -> Image.Image:
    # Of a HEIC file the decoder has done so by the file's own word; EXIF only repeats it.
    return image if kind == "HEIC" else ImageOps.exif_transpose(image)


def _painted(image: Image.Image, media_type: str) -> Picture:
    is_gray = image.mode in ("1", "L", "I", "I;16")
    mode = "L" if is_gray else "RGB"
    if media_type == PNG and image.has_transparency_data:
        mode = "RGBA"
    plain = image.convert(mode)
    # Writers take profiles, comments and texts from here.
    plain.info.clear()
    body = io.BytesIO()
    if media_type == PNG:
        plain.save(body, "PNG")
    else:
        plain.save(body, "JPEG", quality=_QUALITY)
    return Picture(body.getvalue(), media_type, *plain.size)
