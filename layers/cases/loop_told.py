"""The loop for those who draw it: states, steps, stages and roles with their names in both languages."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from layers.cases.loop import roles, states, steps
from layers.cases.reasons import ROLES

STAGES: dict[str, dict[str, str]] = {
    "report": {"zh": "发现上报", "en": "Report"},
    "dispatch": {"zh": "指挥派遣", "en": "Dispatch"},
    "handle": {"zh": "处置反馈", "en": "Handle and feed back"},
    "verify": {"zh": "任务核查", "en": "Verify"},
    "assess": {"zh": "考核评价", "en": "Assess"},
    "archive": {"zh": "事件归档", "en": "Archive"},
}


def loop_told() -> dict[str, Any]:
    """All of it: `stages`, `states`, `steps` and `roles`, each in order.

    >>> told = loop_told()
    >>> [one["name"] for one in told["stages"]]
    ['report', 'dispatch', 'handle', 'verify', 'assess', 'archive']
    >>> next(one for one in told["steps"] if one["name"] == "fail")["sources"]
    ['fed_back']
    """
    return {
        "stages": [{"name": name, **names} for name, names in STAGES.items()],
        "states": [asdict(state) for state in states().values()],
        "steps": [
            asdict(step) | {"sources": [name for name in states() if name in step.sources], "roles": sorted(step.roles)}
            for step in steps().values()
        ],
        "roles": [{"name": name, **ROLES[name]} for name in sorted(roles())],
    }
