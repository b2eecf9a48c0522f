"""Text encodings: the names people write, and any byte stream turned into UTF-8 or refused with its place."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from itertools import chain

from data.readers import big5
from gis.errors import BadInput

# GB 18030 holds GBK and GB 2312.
_WIDER = {
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "cp936": "gb18030",
    "big5": big5.CODEC,
    "cp950": big5.CODEC,
    "utf-8": "utf-8-sig",
}
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
KNOWN = "utf-8, gbk, big5, latin-1, cp1252 …"


def codec_named(name: str) -> str:
    """The Python codec for an encoding as people and .cpg files write it ("GBK", "936", "ANSI 936", "88591").

    Raises:
        BadInput: `encoding_unknown`.

    >>> codec_named("GBK"), codec_named("950"), codec_named("ISO-8859-1"), codec_named("65001")
    ('gb18030', 'big5_private', 'iso8859-1', 'utf-8-sig')
    """
    plain = name.strip().lower().removeprefix("ansi").removeprefix("oem").strip()
    if plain.isdigit():
        is_latin = plain.startswith("8859")
        plain = "utf-8" if plain == "65001" else f"iso8859-{plain[4:]}" if is_latin else f"cp{plain}"
    try:
        found = codecs.lookup(plain)
        found.incrementaldecoder().decode(b"")
    except (LookupError, TypeError, ValueError) as error:
        detail = f"{name!r} is not an encoding this program knows; give --encoding one of {KNOWN}"
        raise BadInput("encoding_unknown", detail, field="encoding", value=name) from error
    return _WIDER.get(found.name, found.name)


def utf8_blocks(blocks: Iterable[bytes], *, encoding: str | None, file: str) -> Iterator[bytes]:
    """Turn a byte stream into UTF-8 without byte order mark.

    Args:
        blocks: The bytes of the file, in pieces of any size.
        encoding: What the file is in; None means UTF-8, or UTF-16 where the file begins with that mark.
        file: Name for messages.

    Raises:
        BadInput: `encoding_missing` (no encoding was given and the bytes are not UTF-8) or `encoding_wrong`,
            with the line and byte of the first offending byte; `encoding_unknown`.
    """
    stream = iter(blocks)
    first = next(stream, b"")
    codec = codec_named(encoding) if encoding else "utf-16" if first[:2] in _UTF16_MARKS else "utf-8-sig"
    decoder = codecs.getincrementaldecoder(codec)()
    lines, start = 0, 0
    for block in chain([first], stream, [b""]):
        kept = len(decoder.getstate()[0])
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            seen = bytes(error.object)
            line = lines + seen.count(b"\n", 0, error.start) + 1
            raise _undecodable(
                file, encoding, line, start - kept + error.start, seen[error.start : error.end]
            ) from error
        lines += text.count("\n")
        start += len(block)
        if text:
            yield text.encode("utf-8", errors="replace")


def _undecodable(file: str, encoding: str | None, line: int, offset: int, found: bytes) -> BadInput:
    place = f"line {line} of {file} (byte {offset}: {found.hex(' ')})"
    values = {"line": line, "offset": offset}
    if encoding:
        detail = f"Text at {place} is not {encoding}; give another --encoding ({KNOWN})"
        return BadInput("encoding_wrong", detail, field="encoding", value=encoding, values=values)
    detail = f"Text at {place} is not UTF-8; say with --encoding what the file is in ({KNOWN})"
    return BadInput("encoding_missing", detail, field="encoding", value=found.hex(" "), values=values)
