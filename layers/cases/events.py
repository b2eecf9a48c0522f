"""What happened to a case, as sentences in both languages."""

from __future__ import annotations

from typing import Any

_SENTENCES = {
    "received": {"zh": "收到报告。", "en": "The report came in."},
    "imported": {"zh": "由文件导入。", "en": "Imported from a file."},
    "queued": {"zh": "等待调度员分派。", "en": "Waits for a dispatcher."},
    "reported": {"zh": "已上报。", "en": "Registered."},
    "dispatched": {"zh": "已派遣。", "en": "Dispatched."},
    "handling": {"zh": "处置中。", "en": "Being handled."},
    "verified": {"zh": "已核查。", "en": "Verified."},
    "assessed": {"zh": "已评价。", "en": "Assessed."},
    "archived": {"zh": "已归档。", "en": "Archived."},
    "moved": {"zh": "网格边界调整,任务移交。", "en": "Boundaries changed; the task went to another grid."},
    "kept": {"zh": "网格边界调整,仍由原负责人办理。", "en": "Boundaries changed; it stays with who had it."},
}
_ACTORS = {
    "anonymous": {"zh": "匿名", "en": "anonymous"},
    "gridkeeper": {"zh": "系统", "en": "the system"},
}
_BY = {"zh": "{sentence}({actor})", "en": "{sentence} ({actor})"}


def told(event: dict[str, Any]) -> dict[str, Any]:
    """A stored event with its sentences; one of a kind unknown here stands under its own name.

    >>> told({"at": "2026-05-03T08:00:00Z", "kind": "received", "actor": "wang", "role": "resident"})["en"]
    'The report came in. (wang)'
    """
    kind, actor = event["kind"], event["actor"]
    sentences = _SENTENCES.get(kind, {})
    names = _ACTORS.get(actor, {})
    return event | {
        lang: form.format(sentence=sentences.get(lang, kind), actor=names.get(lang, actor))
        for lang, form in _BY.items()
    }
