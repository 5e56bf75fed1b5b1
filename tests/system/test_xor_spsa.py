"""XOR from noisy losses alone, a hundred seeds at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from stochgrad.suite import tasks
from stochgrad.suite.config.compose import plan_run

CONF = Path(__file__).resolve().parents[2] / "conf"


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.statistical
def test_spsa_solves_xor_from_losses_that_are_off_by_a_thousandth() -> None:
    """20,000 losses each; 95 of 100 seeds at least, and all of these."""
    config = plan_run(["experiment=xor_spsa", "replicates=100", "export=false"], CONF)
    assert (config.loss_noise, config.model.black_box) == (1e-3, True)
    result = tasks.run(config)
    assert result.failure is None
    assert result.metrics["solved_fraction"] >= 0.95
    assert result.metrics["forward_passes"] * config.task.steps == 20_000
