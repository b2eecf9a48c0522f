"""Why a case went where it went: stored as codes with values, rendered as sentences in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Reason = dict[str, Any]
Sentences = Mapping[str, Mapping[str, str]]

SENTENCES: dict[str, dict[str, str]] = {
    "inside": {
        "zh": "位置在网格 {grid} 内。",
        "en": "The place lies inside grid {grid}.",
    },
    "on_border": {
        "zh": "位置正在边界上,归编号最小的网格 {grid}。",
        "en": "The place lies on a border; the grid with the lowest number, {grid}, owns it.",
    },
    "near_border": {
        "zh": "距边界仅 {edge_distance_m} 米,也可能属于网格 {second}。",
        "en": "Only {edge_distance_m} m from the border; the second choice is grid {second}.",
    },
    "near_outer_border": {
        "zh": "距全部网格的外边界仅 {edge_distance_m} 米。",
        "en": "Only {edge_distance_m} m from the outer border of all grids.",
    },
    "outside": {
        "zh": "位置不在任何网格内;最近的是 {nearest},相距 {outside_m} 米。",
        "en": "The place lies in no grid; the nearest is {nearest}, {outside_m} m away.",
    },
    "partial_wins": {
        "zh": "专属网格 {grid}({scheme})优先于一般网格。",
        "en": "Grid {grid} of the scheme {scheme} takes precedence here.",
    },
    "boundary_then": {
        "zh": "按发生时有效的第 {version} 版边界判定。",
        "en": "Judged by boundary version {version}, valid when it happened.",
    },
    "moved_to_today": {
        "zh": "当时的网格已撤销,任务交给现在的网格。",
        "en": "The grid of that time is gone; the task goes to today's grid on the same ground.",
    },
    "moved": {
        "zh": "第 {version} 版边界起该地归网格 {grid},任务随之移交。",
        "en": "By boundary version {version} grid {grid} owns the place; the task went to it.",
    },
    "moved_outside": {
        "zh": "第 {version} 版边界起该地不属于任何网格,等待调度员处理。",
        "en": "By boundary version {version} no grid owns the place any more; the case waits for a dispatcher.",
    },
    "kept": {
        "zh": "第 {version} 版边界改变了该地的归属;案件仍由原负责人办理。",
        "en": "By boundary version {version} the place changed hands; the case stays with who had it.",
    },
    "datum": {
        "zh": "坐标由 {datum} 换算而来。",
        "en": "The position was converted from {datum}.",
    },
    "lead": {"zh": "{place} 由 {role} 负责。", "en": "{role} answers for {place}."},
    "substitute": {
        "zh": "{absent} 不在岗,由其替班人员负责。",
        "en": "{absent} is away; the named substitute answers.",
    },
    "deputy": {
        "zh": "{place} 的负责人不在岗,由副手负责。",
        "en": "The lead of {place} is away; the deputy answers.",
    },
    "next_level": {
        "zh": "网格无人在岗,由上一级 {place} 负责。",
        "en": "Nobody is on duty in the grid; the next level, {place}, answers.",
    },
    "no_person": {
        "zh": "各级均无人在岗,等待调度员处理。",
        "en": "Nobody answers at any level; the case waits for a dispatcher.",
    },
    "department": {
        "zh": "此类事项由{department}承办。",
        "en": "{department} handles what it is about.",
    },
    "on_site": {
        "zh": "此类来源的上报须先现场核实。",
        "en": "Reports from there are looked at on site first.",
    },
    "override": {
        "zh": "调度员改定网格为 {grid}。",
        "en": "A dispatcher gave it to grid {grid} instead.",
    },
}
# They tell of the person who has it, or of why it is not with the grid that it lies in: a new decision has its own.
OF_THE_PERSON = frozenset(
    {
        *("lead", "substitute", "deputy", "next_level", "no_person"),
        *("moved_to_today", "moved", "moved_outside", "kept", "override"),
    }
)

DATUMS = {"gcj02": "GCJ-02", "bd09": "BD-09"}

ROLES: dict[str, dict[str, str]] = {
    "grid_lead": {"zh": "网格长", "en": "Grid lead"},
    "grid_worker": {"zh": "网格员", "en": "Grid worker"},
    "deputy": {"zh": "副网格长", "en": "Deputy"},
    "police": {"zh": "社区民警", "en": "Community police"},
    "area_lead": {"zh": "片区负责人", "en": "Area lead"},
    "community_lead": {"zh": "社区负责人", "en": "Community lead"},
    "street_lead": {"zh": "街道负责人", "en": "Street lead"},
    "acceptor": {"zh": "受理员", "en": "Acceptor"},
    "shift_chief": {"zh": "值班长", "en": "Shift chief"},
    "dispatcher": {"zh": "派遣员", "en": "Dispatcher"},
    "referee": {"zh": "裁定员", "en": "Referee"},
    "handler": {"zh": "承办人", "en": "Handler"},
    "collector": {"zh": "采集员", "en": "Collector"},
    "verifier": {"zh": "核查员", "en": "Verifier"},
    "assessor": {"zh": "评价员", "en": "Assessor"},
    "archivist": {"zh": "归档员", "en": "Archivist"},
    "supervisor": {"zh": "监督员", "en": "Supervisor"},
    "resident": {"zh": "市民", "en": "Resident"},
    "system": {"zh": "系统", "en": "The system"},
}


def render(reason: Reason, *, lang: str, sentences: Sentences = SENTENCES) -> str:
    """One reason as a sentence; an unknown role stands as it was imported.

    >>> render({"code": "no_person"}, lang="en")
    'Nobody answers at any level; the case waits for a dispatcher.'
    >>> render({"code": "near_outer_border", "edge_distance_m": 3.1875}, lang="en")
    'Only 3.2 m from the outer border of all grids.'
    """
    values: dict[str, Any] = {
        key: _metres(value) if key.endswith("_m") else value for key, value in reason.items() if key != "code"
    }
    if "datum" in values:
        values["datum"] = DATUMS.get(values["datum"], values["datum"].upper())
    if "role" in values:
        values["role"] = ROLES.get(values["role"], {}).get(lang, values["role"])
    if "department" in values:
        values["department"] = values["department"][lang]
    return sentences[reason["code"]][lang].format(**values)


def _metres(distance: float) -> str:
    """A distance as people say it: nobody can walk to a millimetre."""
    return f"{distance:.{1 if distance < 10 else 0}f}"


def rendered(reasons: Iterable[Reason], sentences: Sentences = SENTENCES) -> list[dict[str, Any]]:
    """Stored reasons with their sentences: [{"code", "values", "zh", "en"}, …]."""
    return [
        {
            "code": reason["code"],
            "values": {key: value for key, value in reason.items() if key != "code"},
            **{lang: render(reason, lang=lang, sentences=sentences) for lang in ("zh", "en")},
        }
        for reason in reasons
    ]
