"""Big5 as it is found: code page 950, with the codes it leaves to each office kept instead of refused.

Offices gave the user-defined codes 8140–A0FE and FA40–FEFE to characters of their own (塩, 峯 … in village names), and
no two need agree, so no table can name them. They are kept as the private-use characters that Windows gives them:
nothing is lost, nothing is guessed, and `private_characters` counts them for a warning.
"""

from __future__ import annotations

import codecs

CODEC = "big5_private"
_ROW = 157
# First lead byte, last lead byte, first private-use character.
_RANGES = ((0xFA, 0xFE, 0xE000), (0x8E, 0xA0, 0xE311), (0x81, 0x8D, 0xEEB8))
_HANDLER = "big5_private_character"


def private_characters(text: str) -> int:
    """How many characters of the text are in the private-use area.

    >>> private_characters(b"\\x9a\\xac\\xa6\\xe6\\xa8\\xbd".decode(CODEC))
    1
    """
    return sum("\ue000" <= character <= "\uf8ff" for character in text)


def _character(lead: int, trail: int) -> str | None:
    if 0x40 <= trail <= 0x7E:
        place = trail - 0x40
    elif 0xA1 <= trail <= 0xFE:
        place = trail - 0xA1 + 63
    else:
        return None
    for first, last, base in _RANGES:
        if first <= lead <= last:
            return chr(base + (lead - first) * _ROW + place)
    return None


def _on_error(error: UnicodeError) -> tuple[str, int]:
    if isinstance(error, UnicodeDecodeError) and error.start + 1 < len(error.object):
        character = _character(error.object[error.start], error.object[error.start + 1])
        if character:
            return character, error.start + 2
    raise error


class _IncrementalDecoder(codecs.IncrementalDecoder):
    def __init__(self, errors: str = "strict") -> None:
        super().__init__(errors)
        self._inner = codecs.getincrementaldecoder("cp950")(_HANDLER)

    def decode(self, input: bytes, final: bool = False) -> str:  # type: ignore[override]  # any buffer
        return self._inner.decode(input, final)

    def getstate(self) -> tuple[bytes, int]:
        return self._inner.getstate()


def _decode(data: bytes, errors: str = "strict") -> tuple[str, int]:  # noqa: ARG001  # the codec protocol
    return bytes(data).decode("cp950", _HANDLER), len(data)


def _search(name: str) -> codecs.CodecInfo | None:
    if name != CODEC:
        return None
    encode = codecs.lookup("cp950").encode
    return codecs.CodecInfo(encode, _decode, incrementaldecoder=_IncrementalDecoder, name=CODEC)  # type: ignore[arg-type]


codecs.register_error(_HANDLER, _on_error)
codecs.register(_search)
