"""What the pages say, in Chinese and English: two catalogues with the same keys."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from gis.errors import GridError

LANGUAGES = ("zh", "en")


@cache
def catalogue(lang: str) -> dict[str, str]:
    """All texts of one language by key.

    Raises:
        GridError: `unknown_language` for another language than "zh" or "en".

    >>> catalogue("en").keys() == catalogue("zh").keys()
    True
    """
    if lang not in LANGUAGES:
        raise GridError("unknown_language", "The pages speak zh and en.", field="lang", value=lang)
    texts: dict[str, str] = json.loads((Path(__file__).parent / f"{lang}.json").read_text(encoding="utf-8"))
    return texts


def t(lang: str, key: str, **values: object) -> str:
    """One text with its values put in.

    Raises:
        GridError: `unknown_text` when the catalogue lacks the key or the text asks for a value not given.

    >>> t("en", "unit.metres", n="3")
    '3 m'
    """
    try:
        return catalogue(lang)[key].format_map(values)
    except KeyError as missing:
        detail = f"The text {key!r} in {lang} cannot be made: {missing} is missing."
        raise GridError("unknown_text", detail, field="key", value=key) from None
