"""The command, in this process: help, the composed configuration, mistakes."""

import errno
import io
import os
import re
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from rich.console import Console

from stochgrad.errors import ConfigError
from stochgrad.stencils import ESTIMATORS
from stochgrad.suite.cli import UNREAD, explained, main
from stochgrad.suite.cli.arguments import Arguments, parse
from stochgrad.suite.cli.help import describe, help_page, help_text
from stochgrad.suite.cli.progress import ProgressBar
from stochgrad.suite.cli.report import derivatives, look, service
from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.models.activations import ACTIVATIONS
from stochgrad.suite.sweep.plan import plan_sweep
from stochgrad.suite.tasks.result import Progress
from tests.suite.planning import plan

CONF = Path(__file__).resolve().parents[3] / "conf"


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, and a store in it that must not come to be."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    return tmp_path


@pytest.mark.parametrize(
    "argv",
    [
        ["epsilon=0"],
        ["estimator=centrall"],
        ["gradient=spsa", "epsilon=1e-17"],
        ["gradient=node_perturbation", "epsilon=1e-8", "dtype=float32"],
        ["gradient=spsa", "gradient.slope=exact", "model.black_box=true"],
        ["gradient=forward_gradient", "num_directions=1000000", "model.hidden=[1000000]"],
        ["gradient=activity_perturbation", "model.hidden=[]"],
        ["task=digits", "task.patience=3", "schedule.name=linear"],
        ["model.local_losses=[1]"],
        ["model.local_losses=layer"],
        ["epsilonn=1"],
        ["epsilon"],
        ["["],
        ["epsilon=${nowhere}"],
        ["-m", "epsilon=1e-5,-1"],
        ["--multirn", "epsilon=1"],
        ["--cfg"],
        ["--cfg", "hydra"],
        ["-cfg", "job"],
        ["-cn=task/xor"],
        ["--version", "please"],
        ["--completion", "bash", "seed=1"],
        ["--cfg", "job", "epsilonn=1"],
        ["--resolve"],
        ["-x"],
        ["--cfg", "job", "job=2"],
        ["-m", "--cfg", "job", "epsilon=1e-5,1e-6", "job=3"],
        ["-m", "--cfg", "job", "job=0"],
        ["-m", "--cfg", "job", f"job={4301 * '9'}"],
        ["--info", "epsilonn=1"],
        ["--info=nothing"],
        ["-cn", "nothing_there"],
        ["-cn"],
        ["-cp", "X"],
        ["-cd", "/nothing/there"],
        ["--completion", "tcsh"],
    ],
    ids=lambda argv: " ".join(argv)[:50],
)
def test_a_mistake_is_one_line_and_nothing_is_written(
    argv: list[str], nowhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(CONF, argv) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1
    assert not list(nowhere.iterdir())


PRESETS = len([*(CONF / "experiment").glob("*.yaml")])


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ("-cfg job", "-cfg: unknown option; write --cfg"),
        ("--cfg hydra", "--cfg hydra: unknown; allowed: 'job'; see --help"),
        ("--cfg", "--cfg: no value; give it one; see --help"),
        ("--version please", "--version please: --version stands alone; leave the rest out"),
        (
            "-cn=task/xor",
            "--config-name task/xor: it says nothing of activation, backend, differentiate_at, "
            "dtype, epsilon, num_steps, optimizer, replicates, seed; let it start with defaults: "
            "[config], or leave --config-name out",
        ),
        (
            "-m experiment=badlaunch",
            f"experiment=badlaunch: unknown experiment; allowed: the {PRESETS} that --help lists.",
        ),
        ("experiment=digits", "that --help lists. Did you mean 'digits_exact'?"),
        ("experiment=[]", "experiment=[]: leave it out for no experiment; allowed: the"),
        ("export=1", "export=1: must be true or false"),
        ("--task=xor", "--task=xor: unknown option; to set a key write task=xor, without dashes"),
        ("gradient=SPSA", "weight_perturbation. Did you mean 'spsa'?"),
        ("steps=9", "that --cfg job lists. Did you mean task.steps?"),
        ("learning_rate=1", "Did you mean optimizer.learning_rate or task.learning_rate?"),
        ("-m model.hidden=8,16", "model.hidden=8: must be a list: model.hidden=[8]"),
        (
            "task=digits experiment=xor_spsa",
            "task=digits experiment=xor_spsa: the preset sets task.steps=10000, which task=digits "
            "does not have; leave one of the two out",
        ),
        (
            "gradient=backprop experiment=digits_by_activity_perturbation",
            "the preset sets gradient.law=gaussian, which gradient=backprop does not have; leave",
        ),
        ("figure x", "figure: no value; write figure=… (--help lists keys and commands)"),
        (
            "gradient.law=uniform",
            "gradient.law=uniform: there is no gradient.law with these choices; leave it out, or "
            "use gradient=activity_perturbation, evolution_strategies, ",
        ),
        (
            "data.name=mnist task=xor",
            "data.name=mnist: there is no data with these choices; leave it out, or use task=mnist",
        ),
        (
            "task.epochs=3",
            "there is no task.epochs with these choices; leave it out, or use task=digits or mnist",
        ),
    ],
)
def test_a_mistake_says_what_to_do(
    argv: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(CONF, argv.split()) == 2
    assert said in capsys.readouterr().err


def test_a_mistake_can_be_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    with pytest.raises(ConfigError, match="epsilon=0"):
        main(CONF, ["epsilon=0"])


def test_flags_may_stand_anywhere() -> None:
    assert parse(["epsilon=1", "-m", "seed=1,2"]) == Arguments(("epsilon=1", "seed=1,2"), True)
    assert parse(["-c", "job", "--resolve"]) == Arguments((), cfg=True, resolve=True)
    assert parse(["~export", "+model.hidden=[1]"]) == Arguments(("~export", "+model.hidden=[1]"))


def test_an_unknown_flag_gets_the_nearest() -> None:
    with pytest.raises(ConfigError, match="Did you mean '--multirun'"):
        parse(["--multirn"])


def test_the_configuration_is_printed_as_composed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(CONF, ["--cfg", "job", "experiment=notebook_xor", "seed=7"]) == 0
    printed = OmegaConf.create(capsys.readouterr().out)
    assert (printed.seed, printed.epsilon, printed.task.name) == (7, 1e-8, "xor")
    assert "hydra" not in printed
    assert main(CONF, ["--cfg", "job"]) == 0
    assert "${" in capsys.readouterr().out
    assert main(CONF, ["--cfg", "job", "--resolve"]) == 0
    assert "${" not in capsys.readouterr().out


def test_help_names_every_key_choice_and_preset(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(CONF, ["--help"]) == 0
    text = capsys.readouterr().out
    words = set(text.replace(",", " ").replace(";", " ").split())
    sections = {"model", "data", "schedule"}  # set by longer keys
    keys = {field.alias or name for name, field in RunConfig.model_fields.items()}
    assert keys - sections <= words
    assert set(ESTIMATORS) | set(ACTIVATIONS) <= words
    assert {path.stem for path in CONF.glob("*/*.yaml")} <= words
    assert {"float32", "float64", "preactivation", "output"} <= words
    assert max(map(len, text.splitlines())) <= 100


def test_help_follows_the_files(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("defaults:\n  - task: a   # what\nseed: 5   # of draws\n")
    (tmp_path / "task").mkdir()
    (tmp_path / "task" / "a.yaml").write_text("# @package _global_\n# Do a.\n# More.\nx: 1\n")
    text = help_text(tmp_path)
    assert "what; default a" in text
    assert "Do a." in text
    assert "of draws; default 5" in text


def test_every_file_says_what_it_is() -> None:
    files = sorted(CONF.glob("*/**/*.yaml"))
    assert [file for file in files if not describe(file)] == []


EXAMPLES = re.findall(
    r"^  (python -m src.run.*?)  ", help_page("run").partition("Examples")[2], re.MULTILINE
)


@pytest.mark.parametrize("command", EXAMPLES)
def test_the_examples_of_the_help_are_valid(command: str) -> None:
    assert len(EXAMPLES) == 5
    arguments = parse(command.removeprefix("python -m src.run").split())
    if arguments.multirun:
        assert len(plan_sweep(arguments.overrides, CONF).jobs) == 4
    else:
        plan(*arguments.overrides)


def test_the_bar_shows_on_a_terminal_only() -> None:
    told = Progress(30, 100, "step", {"train_loss": 0.125})
    shown, hidden = io.StringIO(), io.StringIO()
    with ProgressBar(Console(file=shown, force_terminal=True, width=120), "xor") as bar:
        bar(told)
    with ProgressBar(Console(file=hidden), "xor") as bar:
        bar(told)
    assert "30/100" in shown.getvalue()
    assert "train_loss 0.125" in shown.getvalue()
    assert hidden.getvalue() == ""


def write_to_a_full_disk() -> int:
    try:
        with Path("/dev/full").open("w", encoding="utf-8") as file:
            file.write("x")
    except OSError as error:
        raise RuntimeError("the run could not be recorded") from error
    return 0


def test_no_number_is_cut_off_on_a_narrow_terminal() -> None:
    numbers = dict.fromkeys(("x", "exact", "tensorflow", "mean", "bias", "std"), -1.1e-12)
    page = io.StringIO()
    Console(file=page, width=40).print(derivatives([{"formula": "sin(x)", **numbers}]))
    assert "…" not in page.getvalue()
    assert page.getvalue().count("12") == len(numbers)


def test_no_password_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    uri = "postgresql+psycopg2://mlflow:s3cret@127.0.0.1/runs"
    said = service("models:/m/1", uri, CONF) + look("https://me:s3cret@mlflow.org", CONF)
    assert main(CONF, [f"tune.storage={uri}"]) == 2
    said += capsys.readouterr().err
    assert said.count(":***@") == 3
    assert "s3cret" not in said


def test_nothing_goes_with_reconcile(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(CONF, ["reconcile", "now"]) == 2
    assert "reconcile now: reconcile stands alone" in capsys.readouterr().err


def test_a_full_disk_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert explained(write_to_a_full_disk) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: a disk took no more ([Errno 28]")
    assert "reconcile" in line


def write_where_it_is_not_allowed() -> int:
    try:
        raise PermissionError(errno.EACCES, "Permission denied", f"{CONF}/new/file")
    except OSError as error:
        raise RuntimeError("the run could not be recorded") from error


def test_a_folder_that_is_not_writable_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert explained(write_where_it_is_not_allowed) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {CONF}: Permission denied; make it")
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    with pytest.raises(RuntimeError):
        explained(write_where_it_is_not_allowed)


def test_an_output_that_knows_ascii_only_gets_what_it_can_show(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", plain)
    assert explained(lambda: print("ε = 1e-5") or 0) == 0
    assert plain.buffer.getvalue() == b"? = 1e-5\n"


def test_a_reader_that_has_had_enough_is_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    unread, written = os.pipe()
    os.close(unread)
    with os.fdopen(written, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        assert explained(lambda: print("half a page") or 0) == UNREAD
    assert capsys.readouterr().err == ""


def test_a_closed_output_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)  # as Python has it then
    assert explained(lambda: print("to nobody") or int(sys.stdout.isatty())) == 0


def test_other_errors_are_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        explained(lambda: 1 // 0)
