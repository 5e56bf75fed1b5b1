"""Jobs of a sweep on record: FINISHED, FAILED or KILLED, each alone."""

import csv
import io
import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mlflow.entities import Run as MlflowRun
from mlflow.tracking import MlflowClient

from stochgrad.suite import tasks
from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.sweep.identity import digest, identify
from stochgrad.suite.sweep.launcher import SweepResult, launch
from stochgrad.suite.sweep.ledger import survey
from stochgrad.suite.sweep.outcome import Outcome
from stochgrad.suite.sweep.plan import Job, Plan, plan_sweep
from stochgrad.suite.tasks.result import Listener, Progress, Result
from stochgrad.suite.tracking import Location, claim, locate, open_experiment, track
from stochgrad.suite.tracking.process import identity
from stochgrad.suite.tracking.run import Run
from stochgrad.suite.tracking.tags import own_tags, tagged
from tests.services import LONGEST

pytestmark = pytest.mark.slow

CONF = Path(__file__).resolve().parents[3] / "conf"


@pytest.fixture(scope="module")
def client(
    empty_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MlflowClient]:
    database = tmp_path_factory.mktemp("store") / "mlflow.db"
    uri = f"sqlite:///{shutil.copy(empty_database, database)}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", uri)
        yield MlflowClient(uri)


class Notes:
    """Observes a sweep."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.outcomes: list[Outcome] = []

    def listener(self, job: Job) -> Listener:
        return lambda told: None

    def ended(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def said(self, text: str) -> None:
        self.heard.append(text)


def begin(plan: Plan, run: Run, notes: Notes | None = None) -> SweepResult:
    return launch(plan, survey(plan, locate()), run, notes or Notes())


def measure(config: RunConfig, listener: Listener | None) -> Result:
    """Stand in for a run: fails at ε = 2, breaks at ε = 3, is interrupted at ε = 4."""
    assert listener is not None
    listener(Progress(1, 1, "function"))
    if config.epsilon == 3:
        raise RuntimeError("broken\nbadly")
    if config.epsilon == 4:
        raise KeyboardInterrupt
    return Result(
        seed=0,
        metrics={"abs_error": config.epsilon / 10},
        headline=("abs_error",),
        failure="the estimate is nan" if config.epsilon == 2 else None,
        device="none",
        seconds=0.25,
    )


def plan(epsilons: str, *more: str) -> Plan:
    return plan_sweep(["task=derivative", f"epsilon={epsilons}", *more], CONF)


def children(client: MlflowClient, launched: SweepResult) -> list[MlflowRun]:
    found = client.search_runs(
        [client.get_run(launched.sweep.run_id).info.experiment_id],
        f"tags.mlflow.parentRunId = '{launched.sweep.run_id}'",
    )
    return sorted(found, key=lambda run: int(own_tags(run)["job"]))


def table(client: MlflowClient, launched: SweepResult, folder: Path) -> list[dict[str, str]]:
    path = client.download_artifacts(launched.sweep.run_id, "summary.csv", str(folder))
    return list(csv.DictReader(io.StringIO(Path(path).read_text())))


def test_all_finish(client: MlflowClient, tmp_path: Path) -> None:
    launched = begin(plan("0.5,1"), measure)
    assert (launched.status, launched.detail) == ("FINISHED", "2 of 2 runs finished")
    parent = client.get_run(launched.sweep.run_id)
    assert parent.info.status == "FINISHED"
    assert own_tags(parent)["swept"] == "epsilon"
    runs = children(client, launched)
    assert [run.info.status for run in runs] == ["FINISHED", "FINISHED"]
    assert {own_tags(run)["sweep"] for run in runs} == {launched.sweep.name}
    assert [run.data.params["epsilon"] for run in runs] == ["0.5", "1.0"]
    rows = table(client, launched, tmp_path)
    assert [(r["job"], r["epsilon"], r["abs_error"], r["status"], r["run_id"]) for r in rows] == [
        ("1", "0.5", "0.05", "FINISHED", runs[0].info.run_id),
        ("2", "1.0", "0.1", "FINISHED", runs[1].info.run_id),
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ["task=derivative", "epsilon=auto,1e-3", "task.functions=[sin]", "task.x=[1.0]",
         "task.compare_tensorflow=false"],
        ["task=circuit", "task.qubits=1", "task.layers=1", "task.shots=[1000]"],
        [
            "task=study", "task.functions=[sin]", "task.x=[1.3]", "task.dtypes=[float64]",
            "task.noises=[0.0]", "task.estimators=[central]", "task.epsilons=5", "replicates=2",
        ],
    ],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
def test_tasks_with_a_step_or_estimators_of_their_own(
    client: MlflowClient, arguments: list[str]
) -> None:
    launched = begin(plan_sweep([*arguments, "seed=1,2"], CONF), tasks.run)
    assert launched.status == "FINISHED"
    parent = launched.sweep.run_id
    assert client.get_run(parent).info.status == "FINISHED"
    assert "figures" in {file.path for file in client.list_artifacts(parent)}


def test_the_others_go_on_when_jobs_fail(client: MlflowClient, tmp_path: Path) -> None:
    launched = begin(plan("2,3,1.5"), measure)
    assert (launched.status, launched.detail) == ("FAILED", "1 of 3 runs finished")
    assert client.get_run(launched.sweep.run_id).info.status == "FAILED"
    assert [run.info.status for run in children(client, launched)] == [
        "FAILED", "FAILED", "FINISHED",
    ]  # fmt: skip
    assert [outcome.complaint() for outcome in launched.failed] == [
        "job 1 (epsilon=2) FAILED: the estimate is nan",
        "job 2 (epsilon=3) FAILED: RuntimeError: broken badly",
    ]
    rows = table(client, launched, tmp_path)
    assert [row["abs_error"] for row in rows] == ["0.2", "", "0.15"]


def test_an_interrupt_ends_the_sweep(client: MlflowClient, tmp_path: Path) -> None:
    launched = begin(plan("1.2,4,0.55"), measure)
    assert isinstance(launched.interrupt, KeyboardInterrupt)
    assert (launched.status, launched.detail) == ("KILLED", "1 of 3 runs finished")
    assert client.get_run(launched.sweep.run_id).info.status == "KILLED"
    assert [run.info.status for run in children(client, launched)] == ["FINISHED", "KILLED"]
    assert [row["status"] for row in table(client, launched, tmp_path)] == ["FINISHED", "KILLED"]
    assert launched.failed[0].complaint() == "job 2 (epsilon=4) KILLED: Ctrl-C"


def test_a_fault_outside_the_jobs_closes_the_parent(client: MlflowClient) -> None:
    class Broken(Notes):
        def ended(self, outcome: Outcome) -> None:
            raise SystemExit(3)

    _, experiment = open_experiment(locate(), "derivative")
    before = {run.info.run_id for run in client.search_runs([experiment], tagged("kind", "sweep"))}
    with pytest.raises(SystemExit):
        begin(plan("0.7,0.8"), measure, Broken())
    parents = client.search_runs([experiment], tagged("kind", "sweep"))
    (new,) = [run for run in parents if run.info.run_id not in before]
    assert new.info.status == "FAILED"


class Counting:
    """Runs, and remembers what it ran."""

    def __init__(self) -> None:
        self.ran: list[float] = []

    def __call__(self, config: RunConfig, listener: Listener) -> Result:
        self.ran.append(config.epsilon)
        return measure(config, listener)


def test_what_is_done_is_counted_in(client: MlflowClient, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Counting()
    first = begin(plan("0.11,0.12"), run)
    wider = begin(plan("0.11,0.12,0.13"), run)
    assert run.ran == [0.11, 0.12, 0.13]
    assert wider.detail == "3 of 3 runs finished, 2 of them before"
    assert [o.run_id for o in wider.outcomes[:2]] == [o.run_id for o in first.outcomes]
    assert wider.outcomes[0].metrics["abs_error"] == pytest.approx(0.011)
    assert wider.outcomes[0].headline == ("abs_error",)
    again = begin(plan("0.11,0.12"), run)
    assert (again.sweep.run_id, again.counted, len(run.ran)) == (first.sweep.run_id, 2, 3)
    # Other code: nothing is done any more, and the sweep is another one.
    for module in ("sweep.identity", "tracking.provenance", "sweep.ledger"):
        monkeypatch.setattr(f"stochgrad.suite.{module}.code_hash", lambda: "other")
    other = begin(plan("0.11,0.12"), run)
    assert (other.counted, len(run.ran)) == (0, 5)
    assert other.sweep.run_id != first.sweep.run_id


def test_rerun_runs_everything_again(client: MlflowClient) -> None:
    run = Counting()
    first = begin(plan("0.21,0.22"), run)
    again = begin(plan("0.21,0.22", "sweep.rerun=true"), run)
    assert (again.counted, len(run.ran)) == (0, 4)
    assert again.sweep.run_id != first.sweep.run_id


def test_a_seed_left_to_the_operating_system_is_never_done(client: MlflowClient) -> None:
    run = Counting()
    for _ in range(2):
        launched = begin(plan("0.31,0.32", "seed=null"), run)
        assert launched.counted == 0
    seeds = {child.data.params["seed"] for child in children(client, launched)}
    assert (len(run.ran), len(seeds)) == (4, 2)


def test_a_killed_sweep_goes_on_under_the_same_parent(client: MlflowClient) -> None:
    run = Counting()
    killed = begin(plan("0.41,4,0.42"), run)
    assert killed.status == "KILLED"
    # As if the process had died: nobody closed the parent, nor the run that was running.
    child = children(client, killed)[1]
    for run_id in (killed.sweep.run_id, child.info.run_id):
        client.update_run(run_id, status="RUNNING")
        gone = {**identity(), "started": "1"}
        client.set_tag(run_id, "stochgrad.process", json.dumps(gone))
    again = begin(plan("0.41,4,0.42"), lambda config, listener: Result(seed=0, device="none"))
    assert (again.sweep.run_id, again.detail) == (
        killed.sweep.run_id,
        "3 of 3 runs finished, 1 of them before",
    )
    states = [(own_tags(run)["job"], run.info.status) for run in children(client, again)]
    assert sorted(states) == [
        ("1", "FINISHED"), ("2", "FINISHED"), ("2", "KILLED"), ("3", "FINISHED"),
    ]  # fmt: skip


def test_stop_at_the_first_failure(client: MlflowClient) -> None:
    launched = begin(plan("0.51,2,0.52", "sweep.on_failure=stop", "num_steps=3"), measure)
    assert (launched.status, launched.detail) == ("FAILED", "1 of 3 runs finished")
    assert [run.info.status for run in children(client, launched)] == ["FINISHED", "FAILED"]


def test_a_sweep_whose_summary_fails_is_ended(
    client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(*_: object) -> None:
        raise ArithmeticError("a figure")

    monkeypatch.setattr("stochgrad.suite.sweep.launcher.write_summary", write)
    with pytest.raises(ArithmeticError):
        begin(plan("0.65,0.66"), measure)
    found = client.get_experiment_by_name("derivative")
    assert found is not None
    sweeps = client.search_runs(
        [found.experiment_id], tagged("failure", "ArithmeticError: a figure")
    )
    assert [run.info.status for run in sweeps] == ["FAILED"]


def test_a_run_that_another_sweep_is_at_is_waited_for(
    client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = plan("0.61")
    (identity,) = identify(wanted.jobs)
    held, looked_at = threading.Event(), threading.Event()

    def hold() -> None:
        with claim(locate(), digest([identity.key, ""])[:32]) as mine:
            assert mine
            held.set()
            assert looked_at.wait(LONGEST)
            track(wanted.jobs[0].config, measure, listener=lambda told: None)

    @contextmanager
    def look(location: Location, name: str) -> Iterator[bool]:
        with claim(location, name) as mine:
            if not mine:
                looked_at.set()
            yield mine

    other = threading.Thread(target=hold)
    other.start()
    assert held.wait(LONGEST)
    monkeypatch.setattr("stochgrad.suite.tracking.claim", look)
    monkeypatch.setattr("stochgrad.suite.sweep.work.PATIENCE", 0.05)
    run = Counting()
    launched = begin(wanted, run)
    other.join()
    assert (run.ran, launched.detail) == ([], "1 of 1 runs finished, 1 of them before")


def test_the_first_ctrl_c_lets_the_run_finish(client: MlflowClient) -> None:
    def press_once(config: RunConfig, listener: Listener) -> Result:
        os.kill(os.getpid(), signal.SIGINT)
        return measure(config, listener)

    notes = Notes()
    launched = begin(plan("0.71,0.72"), press_once, notes)
    assert isinstance(launched.interrupt, KeyboardInterrupt)
    assert (launched.status, launched.detail) == ("KILLED", "1 of 2 runs finished")
    assert [run.info.status for run in children(client, launched)] == ["FINISHED"]
    assert "no more runs are started" in notes.heard[0]


@pytest.mark.parametrize("numbers", [(signal.SIGINT, signal.SIGINT), (signal.SIGTERM,)])
def test_what_stops_a_run_at_once(client: MlflowClient, numbers: tuple[int, ...]) -> None:
    def press(config: RunConfig, listener: Listener) -> Result:
        for number in numbers:
            os.kill(os.getpid(), number)
        return measure(config, listener)

    epsilon = 0.8 + len(numbers) / 100
    launched = begin(plan(f"{epsilon},0.9"), press)
    assert launched.status == "KILLED"
    assert [run.info.status for run in children(client, launched)] == ["KILLED"]
    assert [outcome.status for outcome in launched.outcomes] == ["KILLED"]
