"""The methods that are compared mean the same over every recipe."""

import pytest
from experiments import methods
from experiments_testbed import plan
from launch.arguments import RecipeArguments
from paths import ROOT

from trainers import MaxRLConfig


def test_every_method_is_accepted_by_the_configuration_and_the_schedules_fit_the_run(tmp_path):
    chosen_methods = methods.methods(1000)
    assert chosen_methods["hybrid"]["grpo_warmup_steps"] == 200
    assert chosen_methods["grpo"]["grpo_warmup_steps"] == 1000  # never leaves GRPO
    of_recipe = RecipeArguments.__dataclass_fields__
    for options in chosen_methods.values():
        chosen = {**plan(tmp_path).base(), **options, "use_cpu": True, "output_dir": str(tmp_path)}
        RecipeArguments(**{key: value for key, value in chosen.items() if key in of_recipe})
        MaxRLConfig(**{key: value for key, value in chosen.items() if key in MaxRLConfig.__dataclass_fields__})
        assert options.keys() <= of_recipe.keys() | MaxRLConfig.__dataclass_fields__.keys()


def test_the_defaults_that_make_a_method_are_those_of_the_classes():
    fields = {**RecipeArguments.__dataclass_fields__, **MaxRLConfig.__dataclass_fields__}
    assert {key: fields[key].default for key in methods.DEFAULTS} == methods.DEFAULTS


@pytest.mark.parametrize("recipe", ["tiny/maxrl_paper", "qwen2.5-coder-0.5b/maxrl_adaptive", "tiny/maxrl"])
def test_a_method_is_the_same_over_every_recipe(tmp_path, recipe):
    base = plan(tmp_path, config=str(ROOT / f"recipes/{recipe}.yaml")).base() | {"curriculum": recipe != "tiny/maxrl"}
    for options in methods.methods(100).values():
        chosen = {**base, **methods.over_recipe(options, base)}
        assert {
            key: chosen.get(key, default) for key, default in methods.DEFAULTS.items()
        } == methods.DEFAULTS | options
        # The recipe of the long runs that are kept sets nothing else, so their settings stay as they are.
        assert recipe != "tiny/maxrl" or methods.over_recipe(options, base) == options
