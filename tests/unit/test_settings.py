"""Settings: what the environment says, and how a mistake is told."""

from pathlib import Path

import pytest

from data.settings import DatabaseSettings, ServiceSettings
from gis.errors import BadInput


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch):
    for name in ("DATABASE_URL", "OWNER_URL", "HOME", "DATABASE", "PORT"):
        monkeypatch.delenv(f"GRIDKEEPER_{name}", raising=False)


def test_in_a_checkout_the_home_is_var_beside_pyproject():
    home = DatabaseSettings().home
    assert home.name == "var"
    assert (home.parent / "pyproject.toml").is_file()


def test_outside_a_checkout_the_home_is_the_users_own(monkeypatch, tmp_path):
    monkeypatch.setattr("data.settings._PROJECT", tmp_path)
    assert DatabaseSettings().home == (Path.home() / ".local/share/gridkeeper").resolve()


def test_a_relative_home_becomes_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRIDKEEPER_HOME", "var/test")
    assert DatabaseSettings().home == tmp_path / "var/test"


def test_the_environment_is_read_when_asked_not_at_import(monkeypatch):
    monkeypatch.setenv("GRIDKEEPER_PORT", "8123")
    assert ServiceSettings().port == 8123
    monkeypatch.delenv("GRIDKEEPER_PORT")
    assert ServiceSettings().port == 8000


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_a_plain_url_gets_our_driver_and_keeps_its_password(monkeypatch, scheme):
    monkeypatch.setenv("GRIDKEEPER_DATABASE_URL", f"{scheme}://me:p%40ss@db.example/city?sslmode=require")
    url = DatabaseSettings().database_url
    assert url == "postgresql+psycopg2://me:p%40ss@db.example/city?sslmode=require"


def test_an_empty_variable_counts_as_not_set(monkeypatch):
    monkeypatch.setenv("GRIDKEEPER_DATABASE_URL", "")
    assert DatabaseSettings().database_url is None


@pytest.mark.parametrize("url", ["mysql://me:secret@h/x", "postgresql://me:secret@h", "me:secret"])
def test_a_wrong_url_is_refused_by_name_without_its_password(monkeypatch, url):
    monkeypatch.setenv("GRIDKEEPER_DATABASE_URL", url)
    with pytest.raises(BadInput) as refusal:
        DatabaseSettings()
    assert refusal.value.code == "bad_setting"
    assert refusal.value.field == "GRIDKEEPER_DATABASE_URL"
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("port", ["abc", "0", "70000"])
def test_a_wrong_port_is_refused_by_name(monkeypatch, port):
    monkeypatch.setenv("GRIDKEEPER_PORT", port)
    with pytest.raises(BadInput, match="GRIDKEEPER_PORT"):
        ServiceSettings()
