"""The command line's manners: where global options stand, what errors look like, what exit codes mean."""

import json
import socket

import pytest
from typer.testing import CliRunner

from api.cli import app, global_options_first
from api.cli.serve import listen

NOWHERE = {"GRIDKEEPER_DATABASE_URL": "postgresql://me:secret@127.0.0.1:1/nowhere"}


@pytest.mark.parametrize(
    ("given", "ordered"),
    [
        (["db", "status", "--json"], ["--json", "db", "status"]),
        (["db", "status", "--as", "wang"], ["--as", "wang", "db", "status"]),
        (["db", "--as=wang", "status"], ["--as=wang", "db", "status"]),
        (["map", "--", "--json"], ["map", "--", "--json"]),
        (["db", "--as"], ["--as", "db"]),
        ([], []),
    ],
)
def test_global_options_may_stand_anywhere(given, ordered):
    assert global_options_first(given) == ordered


def test_a_wrong_setting_is_one_sentence_and_exit_code_2():
    told = CliRunner().invoke(app, ["db", "status"], env={"GRIDKEEPER_DATABASE_URL": "mysql://h/x"})
    assert told.exit_code == 2
    assert told.stderr == (
        "The setting GRIDKEEPER_DATABASE_URL is wrong: must begin with postgresql://, not with mysql://.\n"
    )


def test_a_database_that_is_away_is_one_sentence_and_exit_code_3_with_json_on_the_last_line():
    told = CliRunner().invoke(app, ["db", "migrate", "--json"], env=NOWHERE)
    assert told.exit_code == 3
    error = json.loads(told.stdout.splitlines()[-1])["error"]
    assert error["code"] == "database_unreachable"
    assert error["detail"] in told.stderr
    assert "secret" not in told.output
    assert "Traceback" not in told.output


def test_status_of_a_database_that_is_away_is_told_with_exit_code_3():
    told = CliRunner().invoke(app, ["db", "status", "--json"], env=NOWHERE)
    assert told.exit_code == 3
    assert json.loads(told.stdout.splitlines()[-1])["running"] is False


def test_somebody_elses_database_is_not_ours_to_stop():
    told = CliRunner().invoke(app, ["db", "stop", "--json"], env=NOWHERE)
    assert told.exit_code == 2
    assert json.loads(told.stdout.splitlines()[-1])["error"]["code"] == "database_is_not_ours"


def test_an_unknown_command_is_exit_code_2():
    assert CliRunner().invoke(app, ["nonsense"]).exit_code == 2


def test_the_service_listens_on_a_socket_that_says_it_is_tcp_so_that_no_answer_is_held_back():
    with listen(0) as listener:
        assert listener.proto == socket.IPPROTO_TCP
        assert listener.getsockname()[0] == "127.0.0.1"
