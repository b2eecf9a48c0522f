"""Made-up names: plants, waters and hills that no map has in this combination; people who do not exist."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FIRST = "柳松梅竹桂枫杏桃荷兰菊榆槐桐枣梨莲芦萍葵茶樱棠榕柏桑椿楠栗檀"
_SECOND = "园湾桥林溪岗庄苑坪泉塘台谷洲坡川井亭廊屏岭渡池涧原崖汀阁峰堤"
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏"
_GIVEN = "安宁和平文明清秀春晓晨阳海波志远建国丽华小兰玉梅家俊思雨若水子墨"


def place_names(count: int, rng: np.random.Generator) -> list[str]:
    """Distinct names of places, two characters each, three once those run out.

    >>> names = place_names(2000, np.random.default_rng(1))
    >>> len(set(names)), len(names[0])
    (2000, 2)
    """
    pairs = [a + b for a in _FIRST for b in _SECOND]
    rng.shuffle(pairs)
    longer = (a + b + c for c in "东西南北新上下里外中" for a in _FIRST for b in _SECOND)
    while len(pairs) < count:
        pairs.append(next(longer))
    return pairs[:count]


def people_names(count: int, rng: np.random.Generator) -> NDArray[np.object_]:
    """Names of people, shape (count,); some come twice, as in life."""
    surname = rng.choice(list(_SURNAMES), count)
    given = [rng.choice(list(_GIVEN), count) for _ in range(2)]
    one = rng.random(count) < 0.15
    return np.array(
        [s + a + ("" if short else b) for s, a, b, short in zip(surname, *given, one, strict=True)],
        dtype=object,
    )


def phones(count: int) -> list[str]:
    """Phone numbers that cannot be dialled: they begin with 000."""
    return [f"000-{number // 10_000:04d}-{number % 10_000:04d}" for number in range(count)]


def numeral(number: int) -> str:
    """A number from 1 to 99 as it stands on a street sign; larger ones in figures.

    >>> numeral(3), numeral(10), numeral(14), numeral(20), numeral(35), numeral(120)
    ('三', '十', '十四', '二十', '三十五', '120')
    """
    if number > 99:
        return str(number)
    tens, ones = divmod(number, 10)
    digits = "零一二三四五六七八九"
    return (("" if tens == 1 else digits[tens]) + "十" if tens else "") + (digits[ones] if ones else "")
