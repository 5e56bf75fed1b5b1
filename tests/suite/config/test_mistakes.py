"""Every mistake in a command gets one line that names the key, before anything starts."""

from pathlib import Path

import pytest

from stochgrad.errors import ConfigError
from stochgrad.suite.cli import failure_message
from stochgrad.suite.config.compose import plan_run
from tests.suite.planning import plan

# arguments, and what the message has to say
MISTAKES = [
    ("epsilon=0", ["epsilon=0", "greater than 0"]),
    ("epsilon=-1", ["epsilon=-1", "greater than 0"]),
    ("epsilon=nan", ["epsilon=nan", "finite"]),
    ("epsilon=inf", ["epsilon=inf", "finite"]),
    ("epsilon=abc", ["epsilon=abc", "number"]),
    ("epsilon=", ["epsilon=", "number"]),
    ("epsilon=[1,2]", ["epsilon=", "number"]),
    ("epsilon=???", ["epsilon", "missing"]),
    ("~epsilon", ["~epsilon: cannot be taken out; give it a value"]),
    ("num_steps=0", ["num_steps=0", "1"]),
    ("num_steps=1.5", ["num_steps=1.5", "whole number"]),
    ("seed=-1", ["seed=-1", "0"]),
    ("replicates=0", ["replicates=0", "1"]),
    ("activation=sigmod", ["activation=sigmod", "Did you mean 'sigmoid'?"]),
    ("estimator=centrall", ["estimator=centrall", "quadratic", "Did you mean 'central'?"]),
    ("estimator=", ["estimator=", "quadratic"]),
    ("estimator=null", ["estimator=null", "quadratic"]),
    ("epsilon=null", ["epsilon=null: must be a number"]),
    ("estimator=[central,forward]", ["estimator=[central,forward]", "one name"]),
    ("+estimator=central", ["+estimator=central", "write estimator=central"]),
    ("estimator@other=central", ["estimator@other=central"]),
    ("task=xorr", ["task=xorr", "derivative, digits", "Did you mean 'xor'?"]),
    ("backend=tensorflw", ["backend=tensorflw", "Did you mean 'tensorflow'?"]),
    ("optimizer=sdg", ["optimizer=sdg", "Did you mean 'sgd'?"]),
    ("dtype=float16", ["dtype=float16", "float32, float64"]),
    ("experiment=notebok_xor", ["experiment=notebok_xor", "Did you mean 'notebook_xor'?"]),
    (
        "experiment=null",
        ["experiment=null: leave it out for no experiment; allowed: the ", "--help lists"],
    ),
    ("estimator=notebook/centrall", ["estimator", "notebook/centrall"]),
    (
        "experiment=[notebook_xor,nope]",
        ["[notebook_xor,nope]: unknown experiment nope"],
    ),
    ("+foo=1", ["+foo=1: unknown key"]),
    ("++foo=1", ["++foo=1: unknown key"]),
    ("~task", ["~task: cannot be taken out"]),
    ("seed=1 seed=x", ["seed=x: must be a whole number"]),
    ("plugins.a=1", ["plugins.a=1: a part of a list has a number"]),
    ("plugins=[__main__]", ["plugins=[__main__]: is this program itself"]),
    ("epsilon=${epsilon}", ["epsilon=${epsilon}", "Recursive"]),
    (f"task={4301 * '1'}", ["task=111", " … 111", "too many digits"]),
    (f"model={200 * '['}{200 * ']'}", ["model=[[[", " … ]]]", "nested too deeply"]),
    (f"{3000 * 'k'}=1", ["kkk", " … kkk", "k=1: unknown key"]),
    (f"model.hidden=[{500 * '8,'}x]", ["model.hidden=[8,8,", ",8,x]: must be a whole number"]),
    ("epsilonn=1", ["epsilonn=1", "Did you mean 'epsilon'?"]),
    ("experimnt=notebook_xor", ["experimnt=notebook_xor", "Did you mean 'experiment'?"]),
    ("+epsilonn=1", ["epsilonn=1", "Did you mean 'epsilon'?"]),
    ("task.stepss=4", ["task.stepss=4", "Did you mean 'steps'?"]),
    ("estimator=central estimator.jiter=1", ["estimator.jiter=1", "Did you mean 'jitter'?"]),
    ("nothing.of.that=1", ["nothing.of.that=1", "unknown key"]),
    ("epsilon.x=1", ["epsilon.x=1", "epsilon is a single value"]),
    ("model=3", ["model=3"]),
    ("model.hidden=[]", ["model.hidden"]),
    ("model.hidden=[0]", ["model.hidden"]),
    ("model.hidden.x=1", ["model.hidden.x=1: a part of a list has a number"]),
    ("optimizer.learning_rate=-1", ["optimizer.learning_rate=-1", "greater than 0"]),
    ("estimator=autodiff backend=numpy", ["estimator=autodiff", "use backend=tensorflow"]),
    (
        "estimator=complex_step activation=relu",
        ["estimator=complex_step", "activation=relu", "analytic", "sigmoid"],
    ),
    # The distance from 1 to the next float32.
    ("epsilon=1e-8 dtype=float32", ["epsilon=1e-8", "dtype=float32", "smallest", "1.2e-07"]),
    ("task=derivative task.x=[0]", ["task.x=[0]", "x > 0"]),
    (
        "task=derivative task.functions=[exp,sine]",
        ["task.functions=[exp,sine]: unknown function", "Did you mean 'sin'?"],
    ),
    ("model.standardize=[0,-1]", ["model.standardize=[0,-1]: must be true, false or [mean,"]),
    ("plugins=[/etc/passwd]", ["plugins=[/etc/passwd]: '/etc/passwd' is no name of a module"]),
    ("plugins=[.x]", ["plugins=[.x]: '.x' is no name", "package.module, without .py"]),
    (
        "gradient.name=spsa",
        ["gradient.name=spsa: ", "write gradient=…, allowed: activity_pert"],
    ),
    ("gradient={name:spsa}", ["gradient={name:spsa}: takes one name"]),
    ("optimizer.learning_rate={a:1}", ["optimizer.learning_rate={a:1}: must be a number"]),
    ("model.hidden={a:8}", ["model.hidden={a:8}: a list takes a list"]),
    ("+epsilon=1", ["+epsilon=1: has a value already; leave out the +"]),
    ("estimator=/etc/passwd", ["estimator=/etc/passwd: unknown estimator; allowed: analytic"]),
    ("estimator=../task/xor", ["estimator=../task/xor: unknown estimator"]),
    ("hydra.searchpath=/tmp", ["hydra.searchpath=/tmp: must be a list of folders"]),
    ("+hydra.searchpath=[/tmp]", ["must be a list of folders: hydra.searchpath=[my_conf]"]),
    ("epsilon=${oc.env:NOT_THERE}", ["NOT_THERE}: \"Environment variable 'NOT_THERE' not found"]),
    ("export=yess", ["export=yess: must be true or false"]),
    ("resume=", ["resume=: must not be empty"]),
    ("task=derivative gradient=spsa", ["gradient=spsa: task=derivative does not read", "or xor"]),
    (
        "task=derivative loss_noise=1",
        ["loss_noise=1: ", "leave it out, or use task=digits, mnist or xor"],
    ),
    ("task=derivative model.black_box=true", ["model.black_box=true: ", "does not read model"]),
    ("optimizer=adam task.learning_rate=0.1", ["task.learning_rate=0.1: optimizer=adam learns at"]),
    ("task.learning_rate=1 optimizer.learning_rate=2", ["leave it out, and set optimizer.learn"]),
    ("task=circuit num_steps=3", ["num_steps=3", "use task=derivative, digits, mnist, study or"]),
    (
        "task=study ++epsilon=1e-3",
        ["epsilon=1e-3", "use task=circuit, derivative, digits, mnist or xor"],
    ),
    ("task=circuit epsilon=1e300", ["epsilon=1e300", "more than 2π apart; use less than 3e+16"]),
    ("task=circuit estimator=central", ["estimator=central", "task.estimators"]),
    ("epsilon", ["epsilon", "write epsilon=…"]),
    ("[", ["[", "key=value"]),
    ("=3", ["=3", "no key"]),
    ("a=b=c", ["a=b=c", "key=value"]),
    ("epsilon=1e-5}", ["epsilon=1e-5}", "key=value"]),
    ("epsilon='1", ["epsilon='1", "key=value"]),
    ("epsilon=${nowhere}", ["epsilon", "nowhere"]),
    ("epsilon=small", ["epsilon=small: must be a number, or auto"]),
    ("~nothing", ["~nothing"]),
    ("epsilon=1e-5,1e-6", ["epsilon=1e-5,1e-6", "add -m"]),
    ("hydra.run.dir=/tmp/x", ["hydra.run.dir=/tmp/x", "no effect"]),
    ("tune.trials=5", ["tune.trials=5: is for", "src.tune"]),
    ("hydra=foo", ["hydra=foo: Could not override 'hydra'. No match in the defaults list."]),
    ("hydra/launcher=basic", ["hydra/launcher=basic", "no effect"]),
    ("hydra.searchpath=[/nowhere]", ["hydra.searchpath=[/nowhere]: /nowhere is no folder"]),
]


@pytest.mark.parametrize(("arguments", "said"), MISTAKES, ids=[m[0][:40] for m in MISTAKES])
def test_one_line_that_names_the_key(arguments: str, said: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        plan(*arguments.split())
    message = failure_message(caught.value)
    assert "\n" not in message
    assert len(message) <= 300
    for words in said:
        assert words.lower() in message.lower()


def test_a_value_with_spaces_is_shown_once() -> None:
    with pytest.raises(ConfigError) as caught:
        plan("model.hidden={a: 8}")
    assert failure_message(caught.value).count("8}") == 1


def test_a_broken_file_is_one_line_too(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("epsilon: [1\nseed: 2: 3\n")
    with pytest.raises(ConfigError) as caught:
        plan_run([], tmp_path)
    assert "config.yaml" in str(caught.value)


def test_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no configuration there"):
        plan_run([], tmp_path)
