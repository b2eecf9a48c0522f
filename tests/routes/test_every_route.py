"""What holds for all routes at once."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.routes.requests import MEMBERS, told

PATHS = ("/nope", "/api/v1/nope", "/api/v1/cases/1/nope", "/static/nope.js", "/static/../app.py", "/docs", "/healthz/")


@pytest.mark.parametrize("path", PATHS)
def test_an_address_with_nothing_there_is_told_in_the_one_shape(client: TestClient, path):
    told(client.get(path), 404, "no_such_address")


@pytest.mark.parametrize("number", ["5", "0", "-1", "1.0", "abc", "9" * 19, "９", "1 OR 1=1"])
def test_a_number_of_no_case_is_not_found(client: TestClient, number):
    told(client.get(f"/api/v1/cases/{number}"), 404, "unknown_case")


def test_every_path_refuses_other_methods_in_the_one_shape(client: TestClient):
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    assert len(paths) >= 9
    for path, methods in paths.items():
        wrong = "delete" if "delete" not in methods else "put"
        address = path.format(number="1", name="cases", z=1, x=0, y=0, staff_no="P01", sha256="0")
        answer = client.request(wrong, address)
        told(answer, 405, "method_not_allowed")
        assert answer.headers["allow"]


def test_the_description_of_the_api_knows_the_shape_of_errors(client: TestClient):
    described = client.get("/api/v1/openapi.json").json()
    for methods in described["paths"].values():
        for operation in methods.values():
            content = operation["responses"]["default"]["content"]
            assert set(content["application/problem+json"]["schema"]["required"]) == MEMBERS
            assert "422" not in operation["responses"]


@pytest.mark.parametrize("path", ["/healthz", "/", "/api/v1/layers", "/nope", "/static/css/shell.css", "/favicon.ico"])
def test_every_answer_tells_browsers_neither_to_guess_nor_to_frame(client: TestClient, path):
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "server" not in headers


def test_health_tells_the_revision(client: TestClient):
    body = client.get("/healthz").json()
    assert body["status"] == "ok"
    assert body["revision"]
