"""One small model for the tests of sampling and generating."""

import pytest
from workflow_testbed import save_model

from rust_rewards.evaluation.generators import TransformersGenerator


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def generator(model):
    return TransformersGenerator(model)
