"""A mistake in a sweep gets one line that says in which job, before anything starts."""

import pytest

from stochgrad.errors import ConfigError
from tests.suite.planning import plan_many


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["epsilon=1e-5,0"], ["job 2 of 2 (epsilon=0)", "greater than 0"]),
        (["estimator=central,centrall"], ["job 2 of 2", "Did you mean 'central'?"]),
        (["seed=0,1", "num_steps=0"], ["job 1 of 2", "num_steps=0"]),
        (["epsilon=0"], ["epsilon=0"]),
        (["epsilon=interval(0,1)"], ["epsilon=interval(0,1)", "epsilon=range(1,4)"]),
        (["estimator=glob(z*)"], ["estimator=glob(z*)", "no value"]),
        (["seed=range(0)"], ["seed=range(0)", "no value"]),
        (["task=xorr", "seed=0,1"], ["task=xorr", "Did you mean 'xor'?"]),
        (["epsilom=1,2"], ["job 1 of 2", "epsilom=1", "Did you mean 'epsilon'?"]),
        (["seed=range(0,1000000000)"], ["seed=range(0,1000000000)", "100,000", "several sweeps"]),
        (["seed=shuffle(range(0,1000000000))"], ["seed=shuffle", "100,000"]),
        (["epsilon=sort(range(0,1,1e-9),reverse=true)"], ["epsilon=sort", "100,000"]),
        (["seed=range(0,5,0)"], ["seed=range(0,5,0)", "step must not be 0"]),
        (["estimator=quadratic,central", "estimator.jitter=0.1"], ["job 1 of 2", "jitter"]),
        (["seed=range(0,1000)", "num_steps=range(1,102)"], ["seed (1,000) × num_steps (101)"]),
    ],
)
def test_a_sweep_says_which_job_is_wrong(arguments: list[str], said: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        plan_many(*arguments)
    message = str(caught.value)
    assert "\n" not in message
    for words in said:
        assert words in message
