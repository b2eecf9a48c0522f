"""Pages and the files they load; all of it from here."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Cookie, FastAPI, Header, HTTPException, Query, Response
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from gis.errors import GridError
from maps.assets import STATIC, STATIC_URL, Scripts
from maps.cases import cases_page
from maps.dispatch import dispatch_page
from maps.figure import content_security_policy
from maps.hotspots import hotspots_page
from maps.patrol import patrol_page
from maps.planner import planner_page
from maps.reach import reach_page
from maps.tasks import tasks_page

router = APIRouter(include_in_schema=False)

_YEAR_S = 365 * 24 * 3600
_KEPT, _ASKED_AGAIN = f"public, max-age={_YEAR_S}, immutable", "no-cache"
# Letters: more than twice as many as the page with most scripts has in their names.
_MOST_NAMES = 1_000
Lang = Literal["zh", "en"]


class Assets(StaticFiles):
    """Static files. What is addressed by its version never changes under that address."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """One file."""
        response = await super().get_response(path, scope)
        is_versioned = path.startswith("vendor/") or scope["query_string"].startswith(b"v=")
        response.headers["Cache-Control"] = _KEPT if is_versioned else _ASKED_AGAIN
        return response


def _page(make: Callable[..., str]) -> Callable[..., HTMLResponse]:
    """The route of a page that is made by a function of `maps`, in the language of the reader; `lang` is remembered."""

    def answer(
        lang: Lang | None = None,
        chosen: Annotated[str | None, Cookie(alias="lang")] = None,
        accepted: Annotated[str, Header(alias="Accept-Language")] = "",
    ) -> HTMLResponse:
        spoken: Lang = lang or _lang_of(chosen) or _preferred(accepted)
        nonce = secrets.token_urlsafe(16)
        page = HTMLResponse(
            make(lang=spoken, nonce=nonce),
            headers={
                "Content-Security-Policy": content_security_policy(nonce),
                "Content-Language": "zh-CN" if spoken == "zh" else "en",
                "Cache-Control": "no-store",
                "Vary": "Cookie, Accept-Language",
            },
        )
        if lang is not None:
            page.set_cookie("lang", lang, max_age=_YEAR_S, samesite="lax", httponly=True)
        return page

    return answer


for address, make in {
    "/": cases_page,
    "/dispatch": dispatch_page,
    "/tasks": tasks_page,
    "/patrol": patrol_page,
    "/hotspots": hotspots_page,
    "/reach": reach_page,
    "/planner": planner_page,
}.items():
    router.add_api_route(address, _page(make), methods=["GET"])


@router.get("/favicon.ico")
def favicon() -> Response:
    """Nothing: pages carry their icon, and a browser that asks all the same is not sent elsewhere."""
    return Response(status_code=204, headers={"Cache-Control": f"max-age={_YEAR_S}"})


@router.get(f"{STATIC_URL}scripts.js")
def scripts(names: Annotated[str, Query(max_length=_MOST_NAMES)], v: str = "") -> Response:
    """Some of our scripts as one file."""
    try:
        found = Scripts(tuple(names.split(",")))
        content = found.content
    except GridError as error:
        raise HTTPException(404) from error
    keep = _KEPT if v == found.version else _ASKED_AGAIN
    return Response(content, media_type="text/javascript", headers={"Cache-Control": keep})


def add_pages(app: FastAPI) -> None:
    """Give the app its pages and their files."""
    app.include_router(router)
    app.mount("/static", Assets(directory=STATIC), name="static")


def _lang_of(tag: str | None) -> Lang | None:
    """The language of a tag, if we speak it.

    >>> _lang_of("zh-CN"), _lang_of("EN"), _lang_of("fr")
    ('zh', 'en', None)
    """
    primary = (tag or "").strip().lower().partition("-")[0]
    return "zh" if primary == "zh" else "en" if primary == "en" else None


def _preferred(accepted: str) -> Lang:
    """The first of our languages in an Accept-Language header, by its weights; Chinese when there is none.

    >>> _preferred("fr, en;q=0.5, zh;q=0.9"), _preferred("en-GB"), _preferred("*")
    ('zh', 'en', 'zh')
    """
    weighed = []
    for part in accepted.split(","):
        tag, _, weight = part.partition(";q=")
        found = _lang_of(tag)
        if found:
            weighed.append((float(weight) if weight.replace(".", "", 1).isdecimal() else 1.0, found))
    return max(weighed, key=lambda one: one[0], default=(0, "zh"))[1]
