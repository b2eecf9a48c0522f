"""Drafts over HTTP as a page calls them: each write sends the tag of the answer before."""

from __future__ import annotations

from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from data.session import unit_of_work
from tests.plans_of_town import SCHEME, take_plan_scheme

API = "/api/v1/drafts"


def new_draft(client: TestClient) -> Response:
    with unit_of_work(client.app.state.engine) as session:
        take_plan_scheme(session)
    return client.post(API, json={"scheme": SCHEME, "name": "Summer"}, headers={"X-Actor": "wang"})


class Draft:
    """One draft and the tag that was seen last."""

    def __init__(self, client: TestClient, made: Response) -> None:
        assert made.status_code == 201, made.text
        self.client, self.at, self.tag = client, made.headers["location"], made.headers["etag"]
        self.id = made.json()["id"]

    def get(self, path: str = "", **more: Any) -> Response:
        return self.client.get(f"{self.at}{path}", **more)

    def send(self, path: str, body: Any = None, *, method: str = "POST", tag: str | None = None) -> Response:
        headers = {"X-Actor": "wang", "If-Match": tag or self.tag}
        answer = self.client.request(method, f"{self.at}{path}", json=body, headers=headers)
        self.tag = answer.headers.get("etag", self.tag)
        return answer

    def edit(self, edit: dict[str, Any]) -> Response:
        return self.send("/edits", edit)
