"""What happened to a case, as sentences in both languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from layers.cases.loop import states, steps

_SENTENCES = {
    "received": {"zh": "收到报告", "en": "The report came in"},
    "imported": {"zh": "由文件导入", "en": "Imported from a file"},
    "moved": {"zh": "网格边界调整,任务移交", "en": "Boundaries changed; the task went to another grid"},
    "kept": {"zh": "网格边界调整,仍由原负责人办理", "en": "Boundaries changed; it stays with who had it"},
    "retimed": {"zh": "重新计算办理时限", "en": "Its deadline was worked out again"},
}
OTHER_KINDS = tuple(_SENTENCES)
"""What can happen to a case beside the steps of the loop and what intake decided."""
_WHY = {
    "calendar": {"zh": "工作日历已延续", "en": "more days of the calendar are known"},
    "catalogue": {"zh": "受理时的事项目录已导入", "en": "the catalogue of the day it came in is known now"},
}
_ACTORS = {
    "anonymous": {"zh": "匿名", "en": "anonymous"},
    "gridkeeper": {"zh": "系统", "en": "the system"},
}
_UNITS = {
    "hours": {"zh": "小时", "en": "hours"},
    "working_hours": {"zh": "工作时", "en": "working hours"},
    "working_days": {"zh": "工作日", "en": "working days"},
}
_BY = {"zh": "{sentence}。({actor})", "en": "{sentence}. ({actor})"}
_WITH = {"zh": "{sentence}:{said}", "en": "{sentence}: {said}"}
_BETWEEN = {"zh": ";", "en": "; "}


def told(event: dict[str, Any]) -> dict[str, Any]:
    """A stored event with its sentences; one of a kind unknown here stands under its own name.

    >>> told({"at": "2026-05-03T08:00:00Z", "kind": "received", "actor": "wang", "role": "resident"})["en"]
    'The report came in. (wang)'
    >>> said = {"owner": {"department": "D05", "zh": "水务局", "en": "Water office"}, "note": "soon"}
    >>> told({"kind": "dispatch", "actor": "li", "detail": said})["zh"]
    '派遣:水务局;soon。(li)'
    """
    kind, actor, detail = event["kind"], event["actor"], event.get("detail") or {}
    names = _ACTORS.get(actor, {})
    return event | {
        lang: form.format(sentence=_sentence(kind, detail, lang), actor=names.get(lang, actor))
        for lang, form in _BY.items()
    }


def _sentence(kind: str, detail: Mapping[str, Any], lang: str) -> str:
    if kind in _SENTENCES:
        sentence, why = _SENTENCES[kind][lang], _WHY.get(detail.get("why", ""))
        return _WITH[lang].format(sentence=sentence, said=why[lang]) if why else sentence
    known = steps().get(kind) or states().get(kind)
    if known is None:
        return kind
    name = {"zh": known.zh, "en": known.en}[lang]
    said = _BETWEEN[lang].join(_said(detail, lang)) if kind in steps() else ""
    return _WITH[lang].format(sentence=name, said=said.rstrip("。.")) if said else name


def _said(detail: Mapping[str, Any], lang: str) -> Iterator[str]:
    """What people said with a step, the words of the step first."""
    for field in ("owner", "right_owner", "staff", "grid"):
        if detail.get(field):
            yield _name(detail[field], lang)
    for unit in detail.get("assisting") or ():
        yield "+ " + _name(unit, lang)
    if "unit" in detail:
        yield f"{detail['amount']:g} {_UNITS[detail['unit']][lang]}"
    for field in ("milestone", "grade", "level", "into", "reason", "note"):
        if detail.get(field) is not None:
            yield str(detail[field])


def _name(words: Mapping[str, Any], lang: str) -> str:
    return str(words.get(lang) or words.get("name"))
