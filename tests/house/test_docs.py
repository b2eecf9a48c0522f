"""The documentation says what the code does: nothing undocumented, nothing documented that is gone."""

import ast
import re
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest
import typer

from api.app import create_app
from api.cli import COMMANDS, loaded
from api.cli import app as command_line
from api.errors import STATUS
from data import settings
from data.tables import Base
from data.tables.casework import STATES
from data.tables.planning import DRAFT_STATES
from layers.cases.reasons import ROLES, SENTENCES
from layers.catalog import LAYERS

PROJECT = Path(__file__).resolve().parents[2]
DOCS = PROJECT / "docs"
PAGES = [PROJECT / "README.md", PROJECT / "CHANGELOG.md", PROJECT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))
ROOMS = ["gis", "data", "layers", "maps", "api"]
CODE = re.compile(r"[a-z]+(_[a-z0-9]+)*")
EXIT_3 = {"DatabaseAway", "Unavailable"}
# Functions that are given a code, and at which place.
GIVEN_A_CODE = {"BadRow": 3, "BadCell": 1, "_Bad": 1, "known_id": 3, "add": 2}


def sections(path, mark):
    """Heading to text, for the headings that begin with `mark`; backticks are left out of the heading."""
    parts = re.split(rf"^{mark} (.+)\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    depth = len(mark)
    bodies = [re.split(rf"^#{{1,{depth}}} ", body, flags=re.MULTILINE)[0] for body in parts[1::2]]
    return dict(zip((heading.replace("`", "").strip() for heading in parts[::2]), bodies, strict=True))


def first_cells(text):
    """The names in backticks in the first column of a table."""
    rows = re.findall(r"^\| (`[^|]+`) \|", text, flags=re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


def sources():
    return [path for room in ROOMS for path in sorted((PROJECT / room).rglob("*.py"))]


def name_of(node):
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def is_code(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value) is not None


def is_sentence(node):
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return " " in "".join(texts) and texts[-1].endswith(".")


def codes_in(node):
    """Codes that one node of a syntax tree gives to an error or to a row that is set aside."""
    elements = node.elts if isinstance(node, ast.Tuple) else node.args if isinstance(node, ast.Call) else []
    found = [one for one, after in pairwise(elements) if is_sentence(after)]
    if isinstance(node, ast.Call):
        found += [word.value for word in node.keywords if word.arg == "reason"]
        found += node.args[GIVEN_A_CODE.get(name_of(node.func), len(node.args)) :][:1]
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
        found += [node.value] if name_of(node.targets[0].value) == "reasons" else []
    elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
        found += node.value.keys if name_of(node.targets[0]) in ("REASONS", "NOTES") else []
    elif isinstance(node, ast.Assign) and isinstance(node.value, ast.IfExp):
        found += [node.value.body, node.value.orelse] if name_of(node.targets[0]) == "code" else []
    elif isinstance(node, ast.For) and "reason" in (names := list(map(name_of, getattr(node.target, "elts", [])))):
        found += [row.elts[names.index("reason")] for row in getattr(node.iter, "elts", [])]
    return [one.value for one in found if is_code(one)]


@pytest.fixture(scope="module")
def codes():
    """Every code in the source, with the names of the error classes that carry it."""
    kinds = {kind.__name__ for kind in STATUS}
    found = defaultdict(set)
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for code in codes_in(node):
                found[code] |= set()
            if isinstance(node, ast.Call) and name_of(node.func) in kinds and node.args and is_code(node.args[0]):
                found[node.args[0].value].add(name_of(node.func))
    return found


def test_every_error_and_reason_has_a_heading_and_every_heading_is_one(codes):
    documented = sections(DOCS / "errors.md", "###")
    assert sorted(set(codes) - set(documented)) == [], "not in docs/errors.md"
    assert sorted(set(documented) - set(codes) - {"http_*"}) == [], "in docs/errors.md, but nowhere raised"


def test_the_statuses_and_exit_codes_in_the_errors_page_are_those_of_the_code(codes):
    status = {kind.__name__: number for kind, number in STATUS.items()}
    wrong = []
    for code, body in sections(DOCS / "errors.md", "###").items():
        told = body.strip().splitlines()[0].lower()
        if kinds := codes[code]:
            # An error of the base class alone is a fault, or a protocol's status given where it is raised.
            statuses = {status[kind] for kind in kinds if kind != "GridError"}
            said = {int(number) for number in re.findall(r"http (\d+)", told)}
            exits = {3 if kind in EXIT_3 else 2 for kind in kinds}
            if (statuses and said - statuses) or {int(one) for one in re.findall(r"exit (\d)", told)} - exits:
                wrong.append(f"{code}: {told}; the code says {sorted(statuses)}, exit {sorted(exits)}")
        if not re.search(r"http \d|exit \d|row set aside|remark|raised in python", told):
            wrong.append(f"{code}: says neither status nor exit code nor what becomes of the row")
    assert wrong == []


def test_every_reason_of_a_decision_is_documented():
    text = (DOCS / "border-rule.md").read_text(encoding="utf-8")
    assert set(SENTENCES) == set(first_cells(text.partition("## Reasons")[2].partition("\n## ")[0]))


def test_every_table_and_column_is_documented_and_no_other():
    documented = {name: first_cells(body) for name, body in sections(DOCS / "data-model.md", "##").items()}
    documented = {name: columns for name, columns in documented.items() if columns}
    real = {table.name: [column.name for column in table.columns] for table in Base.metadata.sorted_tables}
    assert sorted(documented) == sorted(real)
    assert {name: sorted(columns) for name, columns in documented.items()} == {
        name: sorted(columns) for name, columns in real.items()
    }


def test_every_setting_is_documented_and_in_the_example():
    real = {f"GRIDKEEPER_{name.upper()}" for kind in settings._Settings.__subclasses__() for name in kind.model_fields}
    assert {name for name in sections(DOCS / "settings.md", "##") if name.startswith("GRIDKEEPER_")} == real
    assert set(re.findall(r"^#? ?(GRIDKEEPER_\w+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE)) == real


def commands(found, words):
    for name, command in found.items():
        if hasattr(command, "commands"):
            yield from commands(command.commands, [*words, name])
        else:
            yield " ".join([*words, name]), command.params


def spellings(parameters):
    for parameter in parameters:
        is_option = parameter.param_type_name == "option"
        yield from parameter.opts if is_option else [parameter.name.upper()]


def test_every_command_and_option_is_documented_and_no_other():
    group = typer.main.get_command(command_line)
    all_of_them = {name: loaded(name) for name in COMMANDS}
    documented = {name: first_cells(body) for name, body in sections(DOCS / "commands.md", "##").items()}
    real = {name: sorted(spellings(parameters)) for name, parameters in commands(all_of_them, ["gridkeeper"])}
    real["Options of every command"] = sorted(spellings(group.params))
    assert {name: sorted(options) for name, options in documented.items()} == real


def test_every_route_of_the_service_is_documented_and_no_other():
    paths = create_app().openapi()["paths"]
    real = {f"{method.upper()} {path}" for path, taken in paths.items() for method in taken}
    methods = ("GET", "PATCH", "POST", "PUT")
    documented = {name for name in sections(DOCS / "http.md", "##") if name.split()[0] in methods}
    assert documented - {"GET /"} == real


def test_every_layer_is_documented_with_its_properties_and_filters():
    documented = sections(DOCS / "layers.md", "##")
    assert set(documented) == set(LAYERS)
    for name, layer in LAYERS.items():
        told = documented[name]
        assert set(first_cells(told)) == set(layer.properties) | set(layer.filters), name
        for kind in ("zh", "en"):
            assert layer.title[kind] in told


def test_roles_and_states_are_in_the_glossary():
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    assert [role for role, names in ROLES.items() if f"`{role}`" not in text or names["zh"] not in text] == []
    told = sections(DOCS / "glossary.md", "##")
    assert set(STATES) == set(first_cells(told["States of a case"]))
    assert set(DRAFT_STATES) == set(first_cells(told["States of a draft"]))


def anchors(path):
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_the_links_of_a_page_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    lost = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


def test_the_pictures_of_the_readme_are_small():
    pictures = sorted((DOCS / "pictures").glob("*.png"))
    assert [path.name for path in pictures] == [
        "dispatch-en.png",
        "hotspots-en.png",
        "map-en.png",
        "map-zh.png",
        "patrol-en.png",
        "planner-en.png",
        "planner-zh.png",
        "reach-en.png",
    ]
    assert [path.name for path in pictures if path.stat().st_size >= 400_000] == []


def test_decisions_are_numbered_without_a_gap_and_have_one_shape():
    assert [path.name[:4] for path in DECISIONS] == [f"{number:04d}" for number in range(1, len(DECISIONS) + 1)]
    for path in DECISIONS:
        text = path.read_text(encoding="utf-8")
        assert re.match(rf"# {path.name[:4]} \S.*\n\nDate: \d{{4}}-\d\d-\d\d\n", text), path.name
        assert list(sections(path, "##")) == ["Context", "Decision", "Alternatives", "Consequences"], path.name
