"""Photos of cases: known by content, stripped, upright, kept once, never half, and never served as anything else."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image, PngImagePlugin
from starlette.testclient import TestClient

from api.guard import PHOTO_LIMIT_BYTES
from tests.routes.requests import a_report, told

CASES = "/api/v1/cases"
_GPS, _ORIENTATION, _MAKE = 0x8825, 0x0112, 0x010F


@pytest.fixture
def photos(client: TestClient, tmp_path: Path) -> Iterator[Path]:
    """The folder of photos, one for each test."""
    before = client.app.state.photos
    client.app.state.photos = tmp_path / "photos"
    yield tmp_path / "photos"
    client.app.state.photos = before


@pytest.fixture
def number(client: TestClient) -> str:
    """A case."""
    return str(client.post(CASES, json=a_report()).json()["number"])


def a_picture(width: int = 60, height: int = 40) -> Image.Image:
    """Red above, blue below, so that up can be told from down."""
    picture = Image.new("RGB", (width, height), (220, 30, 30))
    picture.paste((30, 30, 220), (0, height // 2, width, height))
    return picture


def position_exif(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[_ORIENTATION], exif[_MAKE] = orientation, "SecretPhone"
    exif.get_ifd(_GPS).update({1: "N", 2: (34.0, 45.0, 1.0), 3: "E", 4: (113.0, 37.0, 2.0)})
    return exif


def as_file(picture: Image.Image, kind: str, **more) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()


def heic(picture: Image.Image, exif: bytes | None = None) -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(picture).save(out, exif=exif)
    return out.getvalue()


def send(client: TestClient, number: str, content: bytes, kind: str = "application/octet-stream"):
    return client.post(f"{CASES}/{number}/photos", content=content, headers={"Content-Type": kind})


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "lock")


def stored(folder: Path) -> tuple[bytes, Image.Image]:
    (path,) = files(folder)
    body = path.read_bytes()
    image = Image.open(io.BytesIO(body))
    image.load()
    return body, image


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (as_file(a_picture(), "JPEG"), "image/jpeg"),
        (as_file(a_picture().convert("CMYK"), "JPEG"), "image/jpeg"),
        (as_file(a_picture().convert("L"), "JPEG"), "image/jpeg"),
        (as_file(a_picture(), "PNG"), "image/png"),
        (as_file(a_picture().convert("RGBA"), "PNG"), "image/png"),
        (as_file(a_picture().convert("P"), "PNG", transparency=0), "image/png"),
        (as_file(a_picture().convert("I;16"), "PNG"), "image/png"),
        (heic(a_picture()), "image/jpeg"),
    ],
    ids=["jpeg", "cmyk", "gray", "png", "rgba", "palette", "16 bit", "heic"],
)
def test_a_picture_is_known_by_its_content_and_shown_as_a_picture(
    client: TestClient, photos: Path, number: str, content: bytes, media_type: str
):
    answer = send(client, number, content, "text/html")
    assert answer.status_code == 201
    body = answer.json()
    assert (body["media_type"], body["width"], body["height"]) == (media_type, 60, 40)
    shown = client.get(f"/api/v1/photos/{body['sha256']}")
    assert shown.status_code == 200
    assert hashlib.sha256(shown.content).hexdigest() == body["sha256"]
    assert len(shown.content) == body["bytes"]
    assert shown.headers["content-type"] == media_type
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in shown.headers["content-security-policy"]
    assert shown.headers["content-disposition"].startswith("inline; filename=")
    assert Image.open(io.BytesIO(shown.content)).size == (60, 40)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "HEIC"])
def test_where_and_by_what_a_photo_was_taken_is_not_kept(client: TestClient, photos: Path, number: str, kind: str):
    exif = position_exif()
    if kind == "HEIC":
        content = heic(a_picture(), exif.tobytes())
    elif kind == "PNG":
        texts = PngImagePlugin.PngInfo()
        texts.add_text("Comment", "SecretPhone of Wang")
        content = as_file(a_picture(), kind, exif=exif, pnginfo=texts)
    else:
        content = as_file(a_picture(), kind, exif=exif, comment=b"SecretPhone of Wang", icc_profile=b"SecretPhone")
    assert b"SecretPhone" in content
    assert send(client, number, content).status_code == 201
    body, image = stored(photos)
    assert b"SecretPhone" not in body
    assert b"Exif" not in body
    assert b"eXIf" not in body
    assert dict(image.getexif()) == {}
    assert dict(image.getexif().get_ifd(_GPS)) == {}
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_stands_upright(client: TestClient, photos: Path, number: str, orientation: int):
    picture = a_picture()
    undo = {5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_270, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
            4: Image.Transpose.FLIP_TOP_BOTTOM}  # fmt: skip
    lying = picture.transpose(undo[orientation]) if orientation in undo else picture
    answer = send(client, number, as_file(lying, "JPEG", exif=position_exif(orientation), quality=95))
    assert (answer.json()["width"], answer.json()["height"]) == (60, 40)
    _, image = stored(photos)
    above, below = image.getpixel((30, 5)), image.getpixel((30, 35))
    assert above[0] > 180 > 90 > above[2]
    assert below[2] > 180 > 90 > below[0]


def test_the_same_photo_twice_and_for_two_cases_is_one_file(client: TestClient, photos: Path, number: str):
    content = as_file(a_picture(), "JPEG")
    first, again = send(client, number, content), send(client, number, content)
    other = str(client.post(CASES, json=a_report(3, 1)).json()["number"])
    third = send(client, other, content)
    assert [answer.status_code for answer in (first, again, third)] == [201, 201, 201]
    assert first.json() == again.json() == third.json()
    assert len(files(photos)) == 1
    for case in (number, other):
        assert [photo["sha256"] for photo in client.get(f"{CASES}/{case}").json()["photos"]] == [first.json()["sha256"]]


def test_what_is_hung_on_to_a_picture_stays_behind(client: TestClient, photos: Path, number: str):
    page = b"<html><script>alert(1)</script></html>"
    for content in (as_file(a_picture(), "JPEG") + page, as_file(a_picture(), "PNG") + b"PK\x03\x04" + page):
        assert send(client, number, content, "text/html").status_code == 201
    for path in files(photos):
        assert b"script" not in path.read_bytes()
        assert b"PK\x03\x04" not in path.read_bytes()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html><img></html>",
        b"GIF89a" + as_file(a_picture(), "JPEG"),
        as_file(a_picture(), "GIF"),
        as_file(a_picture(), "TIFF"),
        as_file(a_picture(), "BMP"),
        as_file(a_picture(), "WEBP"),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.4",
        b"--x\r\nContent-Disposition: form-data; name=file\r\n\r\n" + as_file(a_picture(), "PNG") + b"\r\n--x--",
        b"\0\0\0\x18ftypmp42" + bytes(40),
    ],
    ids=["nothing", "page", "gif head", "gif", "tiff", "bmp", "webp", "svg", "pdf", "form", "film"],
)
def test_what_is_no_jpeg_png_or_heic_is_refused_whatever_it_is_called(
    client: TestClient, photos: Path, number: str, content: bytes
):
    told(send(client, number, content, "image/jpeg"), 422, "photo_wrong_type")
    assert not photos.exists()


@pytest.mark.parametrize("whole", [as_file(a_picture(), "JPEG"), as_file(a_picture(), "PNG"), heic(a_picture())])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.8])
def test_a_file_that_is_cut_off_is_refused(client: TestClient, photos: Path, number: str, whole: bytes, share: float):
    told(send(client, number, whole[: int(len(whole) * share)]), 422, "photo_unreadable")
    assert not photos.exists()


def a_bomb(width: int, height: int) -> bytes:
    """A PNG of few bytes and very many pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(8001, 8001), (20000, 20000), (100_000, 100_000), (2**31 - 1, 1)])
def test_more_pixels_than_any_phone_takes_are_refused_before_they_are_unpacked(
    client: TestClient, photos: Path, number: str, size: tuple[int, int]
):
    told(send(client, number, a_bomb(*size)), 422, "photo_too_large")


def test_ten_million_bytes_are_taken_and_one_more_is_not(client: TestClient, photos: Path, number: str):
    small = as_file(a_picture(), "JPEG")
    most = small + bytes(PHOTO_LIMIT_BYTES - len(small))
    assert send(client, number, most).status_code == 201
    problem = told(send(client, number, most + b"\0"), 413, "body_too_large")
    assert "10,000,000" in problem["detail"]


def test_only_photos_may_be_that_large(client: TestClient, photos: Path, number: str):
    body = bytes(1_000_001)
    told(client.post(CASES, content=body), 413, "body_too_large")
    told(client.post(f"{CASES}/{number}/photos/x", content=body), 413, "body_too_large")


def test_a_photo_of_no_case_is_refused_and_not_kept(client: TestClient, photos: Path):
    for number in ("99999999", "x", "٣"):
        told(send(client, number, as_file(a_picture(), "JPEG")), 404, "unknown_case")
    assert not photos.exists()


def test_a_photo_that_no_case_has_is_shown_to_nobody(client: TestClient, photos: Path, number: str):
    name = "ab" + "0" * 62
    (photos / "ab").mkdir(parents=True)
    (photos / "ab" / name).write_bytes(b"<html>")
    told(client.get(f"/api/v1/photos/{name}"), 404, "unknown_photo")
    told(client.get("/api/v1/photos/..%2f..%2fetc"), 404, "no_such_address")
    told(client.get("/api/v1/photos/aside"), 422, "invalid_value")


def test_a_photo_whose_file_is_gone_is_not_found(client: TestClient, photos: Path, number: str):
    name = send(client, number, as_file(a_picture(), "JPEG")).json()["sha256"]
    files(photos)[0].unlink()
    told(client.get(f"/api/v1/photos/{name}"), 404, "unknown_photo")


def test_a_folder_that_cannot_be_written_to_is_named_and_no_case_is_told_of_the_photo(
    client: TestClient, photos: Path, number: str
):
    photos.write_text("in the way")
    told(send(client, number, as_file(a_picture(), "JPEG")), 500, "photo_not_written")
    assert client.get(f"{CASES}/{number}").json()["photos"] == []


_WRITES_AND_DIES = """
import os, signal, sys
from pathlib import Path
from data.kept_files import alone, put

path = Path(sys.argv[1])

def write(sink):
    sink.write(b"half")
    sink.flush()
    os.kill(os.getpid(), signal.SIGKILL)

with alone(path.parent):
    put(path, write)
"""


def test_a_service_that_is_killed_in_between_leaves_no_half_photo_and_the_next_is_kept(
    client: TestClient, photos: Path, number: str, tmp_path: Path
):
    content = as_file(a_picture(), "JPEG")
    name = send(client, number, content).json()["sha256"]
    (path,) = files(photos)
    path.unlink()
    died = subprocess.run([sys.executable, "-c", _WRITES_AND_DIES, path], env=os.environ, check=False)
    assert died.returncode == -signal.SIGKILL
    assert not path.exists()
    assert send(client, number, content).json()["sha256"] == name
    assert hashlib.sha256(path.read_bytes()).hexdigest() == name
    assert files(photos) == [path]


def test_a_case_has_an_end_of_photos(client: TestClient, photos: Path, number: str, monkeypatch):
    monkeypatch.setattr("layers.dispatch.photos.MOST_OF_A_CASE", 2)
    for width in (10, 11):
        assert send(client, number, as_file(a_picture(width), "PNG")).status_code == 201
    told(send(client, number, as_file(a_picture(12), "PNG")), 409, "too_many_photos")
