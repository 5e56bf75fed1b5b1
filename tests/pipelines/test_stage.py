"""A stage writes all of its results or leaves the last ones alone."""

from __future__ import annotations

import errno
import json
import runpy
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from pipelines import cost, derivatives, epsilon_study, export_check, xor_study
from pipelines.stage import Stage, StageError, main, parameters, replaced, write_json
from stochgrad.errors import ConfigError
from stochgrad.suite.analysis.tables import read_csv
from tests.pipelines.small import PARAMS, make_project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = make_project(tmp_path / "project")
    monkeypatch.chdir(root)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    return root


@pytest.fixture
def _tables(empty_database: Path, tmp_path: Path) -> None:
    """Spare a stage that records its runs the making of the tables."""
    shutil.copy(empty_database, tmp_path / "mlflow.db")


def set_params(root: Path, **section: object) -> None:
    params = {**PARAMS, "derivatives": {**PARAMS["derivatives"], **section}}
    (root / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.usefixtures("_tables")
def test_a_stage_repeats_its_results_byte_for_byte_and_keeps_them_when_it_fails(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    derivatives.work(Stage("derivatives", project))
    folder, record = project / "results" / "derivatives", project / "results" / "records"
    first = contents(folder)
    assert set(first) == {"metrics.json", "tables/derivatives.csv"}
    described = json.loads((record / "derivatives.json").read_text())
    assert [run["swept"] for run in described["runs"]] == [
        {"dtype": "float32"}, {"dtype": "float64"}
    ]  # fmt: skip
    assert "host" not in json.dumps(described)

    derivatives.work(Stage("derivatives", project))
    assert contents(folder) == first

    # x^π has no derivative at −1: a mistake, found before anything runs.
    set_params(project, **{"task.x": [[-1.0]]})
    with pytest.raises(SystemExit) as mistake:
        main("derivatives", derivatives.work)
    assert mistake.value.code == 2
    assert "task.x=[-1" in capsys.readouterr().err

    # Steps of one or two floats: x + a and x + b round to the same one, and 0/0 fails the run.
    set_params(
        project, estimator="notebook/three_slope_unguarded", epsilon=2e-7, dtype="float32",
        **{"task.x": [[1.0]], "task.functions": [["square"]]},
    )  # fmt: skip
    with pytest.raises(SystemExit) as failure:
        main("derivatives", derivatives.work)
    printed = capsys.readouterr().err
    assert failure.value.code == 1
    assert printed.startswith(
        "error: derivatives: job 1 FAILED: the estimate of square′ at x = 1 is nan"
    )
    assert contents(folder) == first

    # A disk that fills while the record is written, after the results.
    def fills(values: object, path: Path) -> None:
        if path.parent == record:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write_json(values, path)

    monkeypatch.setattr("pipelines.stage.write_json", fills)
    with pytest.raises(OSError, match="No space left"):
        Stage("derivatives", project).write({"others": 1}, {})
    assert contents(folder) == first
    assert [path.name for path in folder.parent.iterdir()] == ["derivatives", "records"]


def test_the_record_has_no_password(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:s3cret@mlflow.org")
    Stage("derivatives", project).write_record({})
    written = (project / "results" / "records" / "derivatives.json").read_text()
    assert json.loads(written)["tracking_uri"] == "https://me:***@mlflow.org"


def test_what_is_written_beside_takes_the_place_only_when_it_is_whole(tmp_path: Path) -> None:
    place = tmp_path / "results"
    place.mkdir()
    (place / "old").touch()

    def break_off() -> None:
        with replaced(place) as beside:
            beside.mkdir()
            (beside / "half").touch()
            raise StageError("broken off")

    with pytest.raises(StageError):
        break_off()
    assert [path.name for path in tmp_path.rglob("*")] == ["results", "old"]
    with replaced(place) as beside:
        beside.mkdir()
        (beside / "new").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["results", "new"]


@pytest.mark.usefixtures("_tables")
def test_a_table_says_below_which_error_a_seed_counted_as_solved(project: Path) -> None:
    section = {
        "activation": {
            "task": "xor", "estimator": "analytic", "task.steps": 1, "task.solved_below": 0.3,
            "task.fidelity_every": 0, "replicates": 2, "export": False,
        }
    }  # fmt: skip
    params = {**PARAMS, "xor_study": section}
    (project / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    xor_study.work(Stage("xor_study", project))
    table = read_csv(project / "results" / "xor_study" / "tables" / "activation_finals.csv")
    assert [row["solved_below"] for row in table] == [0.3]


def test_a_section_that_is_not_there_is_named(project: Path) -> None:
    with pytest.raises(ConfigError, match=r"no section classifiers\.mnist; there are: digits"):
        parameters(project, "classifiers", "mnist", "exact")


def without(section: dict[str, Any], key: str) -> dict[str, Any]:
    return {k: v for k, v in section.items() if k != key}


STUDY, GRIDS = PARAMS["epsilon_study"], PARAMS["epsilon_study"]["grids"]


@pytest.mark.parametrize(
    ("module", "name", "section", "said"),
    [
        (epsilon_study, "epsilon_study", without(STUDY, "num_steps"),
         "epsilon_study.num_steps: missing; give it a value"),
        (epsilon_study, "epsilon_study", {**STUDY, "task": {**STUDY["task"], "x": ["abc"]}},
         "epsilon_study.task.x=abc: must be a number"),
        (epsilon_study, "epsilon_study",
         {**STUDY, "grids": {"float32": without(GRIDS["float32"], "epsilon")}},
         "epsilon_study.grids.float32.epsilon: missing; give it a value"),
        (epsilon_study, "epsilon_study",
         {**STUDY, "grids": {"float32": {**GRIDS["float32"], "decades": [0, -6]}}},
         "epsilon_study.grids: decades=[0, -6]: must rise, from -300 to 300"),
        (cost, "cost/digits", {"digits": {"task.epochs": 1}},
         "cost.digits.turns: missing; give it a value"),
        (cost, "cost/digits", {"digits": {"turns": 0}},
         "cost.digits.turns=0: must be greater than or equal to 1"),
        (xor_study, "xor_study", {"activation": 3},
         "params.yaml: no section xor_study.activation; there are: activation"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_parameters_is_one_line(
    project: Path, capsys: pytest.CaptureFixture[str],
    module: ModuleType, name: str, section: dict[str, Any], said: str,
) -> None:  # fmt: skip
    params = {**PARAMS, name.partition("/")[0]: section}
    (project / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    assert ended(name, module, capsys) == (2, f"error: {name}: {said}\n")


@pytest.mark.parametrize("content", ["a: [1", "a: ${b}", "- ", "1", "\ud800"])
def test_parameters_that_cannot_be_read_are_one_line(
    project: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    file = project / "params.yaml"
    file.write_bytes(content.encode("utf-8", "surrogatepass"))
    code, said = ended("derivatives", derivatives, capsys)
    assert (code, said.count("\n")) == (2, 1)
    assert "params.yaml: " in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "is missing; to make it: dvc repro classifiers@digits-exact"),
        ('{"runs": [', "is not a JSON object; to make it: dvc repro classifiers@digits-exact"),
        ('{"runs": [{"task": "digits", "run_id": "0123"}]}', "Run with id=0123 not found"),
    ],
)
@pytest.mark.slow
def test_a_record_that_leads_nowhere_is_one_line(
    project: Path, capsys: pytest.CaptureFixture[str], content: str | None, said: str
) -> None:
    record = project / "results" / "records" / "classifiers-digits-exact.json"
    record.parent.mkdir(parents=True)
    if content is not None:
        record.write_text(content)
    code, found = ended("export_check/digits", export_check, capsys)
    assert (code, found.count("\n")) == (2, 1)
    assert said in found


def ended(name: str, module: ModuleType, capsys: pytest.CaptureFixture[str]) -> tuple[object, str]:
    """Carry out a stage that does not come to its end; return its code and what it says."""
    with pytest.raises(SystemExit) as mistake:
        main(name, module.work)
    return mistake.value.code, capsys.readouterr().err


@pytest.mark.parametrize("name", ["derivatives", "classifiers", "report"])
def test_every_program_says_what_it_is_for(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for given, code in (("--help", 0), ("zzz", 2)):
        monkeypatch.setattr("sys.argv", [name, given])
        monkeypatch.delitem(sys.modules, f"pipelines.{name}", raising=False)
        with pytest.raises(SystemExit) as ended:
            runpy.run_module(f"pipelines.{name}", run_name="__main__", alter_sys=True)
        assert ended.value.code == code
        printed = capsys.readouterr()
        assert (len(printed.out) > 50, len(printed.err.splitlines())) == (code == 0, code // 2)


@pytest.mark.parametrize(
    ("module", "works"),
    [
        ("pipelines.error_against_epsilon", "stochgrad.suite.tasks.run"),
        ("pipelines.error_against_shots", "stochgrad.suite.tasks.run"),
        ("benchmarks", "benchmarks.xor.main"),
    ],
)
def test_a_program_that_is_no_stage_explains_itself_too(
    module: str, works: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/")

    monkeypatch.setattr(works, refused)
    monkeypatch.setattr("sys.argv", [module, *(["xor"] if module == "benchmarks" else [])])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said == "error: /: Permission denied; make it readable and writable\n"
