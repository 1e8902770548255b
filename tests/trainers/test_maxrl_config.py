"""Options of MaxRL: help texts, checks at construction, and what TRL's parser makes of a YAML file."""

import dataclasses
import re

import pytest
from trl import GRPOConfig, TrlParser

from trainers import MaxRLConfig

OWN_FIELDS = [f for f in dataclasses.fields(MaxRLConfig) if f.name not in GRPOConfig.__dataclass_fields__]


def make(**options):
    return MaxRLConfig("unused", **{"bf16": False, "use_cpu": True, **options})


def documented_parameters():
    """Return `{name: (type line, text)}` of the Parameters section of the docstring."""
    section = MaxRLConfig.__doc__.split("Parameters:")[1].split("Example:")[0]
    found = re.findall(r"^        (\w+) \((.+)\):\n((?:            .+\n)+)", section, re.MULTILINE)
    return {name: (kind, " ".join(text.split())) for name, kind, text in found}


def test_every_own_option_is_documented_with_the_text_of_its_help():
    helps = {f.name: f.metadata["help"] for f in OWN_FIELDS}
    assert helps == {name: text for name, (_, text) in documented_parameters().items()}


def test_documented_defaults_are_the_defaults():
    for f in OWN_FIELDS:
        kind, _ = documented_parameters()[f.name]
        stated = re.search(r"defaults to `(.+?)`", kind)
        expected = f"{f.default!r}".replace("'", '"') if stated else None
        assert (stated.group(1) if stated else None) == expected, f.name


def test_the_defaults_are_the_masked_exponential_weighting_with_threshold_twenty():
    args = make()
    assert (args.correctness_threshold, args.correctness_reward, args.maxrl_weighting) == (20.0, None, "exp")
    assert (args.maxrl_baseline, args.maxrl_schedule, args.num_generations) == (False, "always", 8)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"maxrl_weight_temperature": 0.0}, r"positive and finite, got 0\.0"),
        ({"maxrl_weight_temperature": -2.0}, r"positive and finite, got -2\.0"),
        ({"maxrl_weighting": "softmax"}, r"Unknown MaxRL weighting 'softmax'.+'exp'"),
        ({"maxrl_schedule": "hybrid"}, r"Unknown maxrl_schedule 'hybrid'.+'warmup'"),
        ({"num_generations": 1}, r"num_generations=1 .+at least 2"),
        ({"correctness_threshold": float("nan")}, "finite number, got nan"),
        ({"maxrl_schedule": "warmup", "grpo_warmup_steps": -1}, "cannot be negative"),
        ({"maxrl_schedule": "adaptive", "switch_correctness": 1.0}, r"0\.95 and 1\.05; both must lie"),
        ({"maxrl_schedule": "adaptive", "switch_hysteresis": -0.1}, "hysteresis cannot be negative"),
        ({"maxrl_schedule": "adaptive", "switch_smoothing": 1.0}, r"below 1, got 1\.0"),
        ({"maxrl_schedule": "per_group", "per_group_scale": 0.0}, "maxrl_schedule='always'"),
        ({"loss_type": "grpoo"}, r"Unknown loss_type 'grpoo'.+'dr_grpo'"),
        ({"importance_sampling_level": "word"}, "Unknown importance_sampling_level 'word'"),
    ],
)
def test_a_bad_value_is_refused_with_what_is_allowed(options, message):
    with pytest.raises(ValueError, match=message):
        make(**options)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"scale_rewards": "none"}, "shapes GRPO's advantages"),
        ({"multi_objective_aggregation": "normalize_then_sum"}, "shapes GRPO's advantages"),
        ({"off_policy_mask_threshold": 0.5}, "without maxrl_baseline there are none"),
        ({"delta": 2.0}, "without maxrl_baseline there are none"),
        ({"loss_type": "sapo", "sapo_temperature_neg": 1.2}, "without maxrl_baseline there are none"),
        ({"grpo_warmup_steps": 50}, "belongs to maxrl_schedule='warmup'"),
        ({"switch_correctness": 0.3}, "belongs to maxrl_schedule='adaptive'"),
        ({"per_group_scale": 0.1}, "belongs to maxrl_schedule='per_group'"),
    ],
)
def test_an_option_without_effect_is_refused_with_the_reason(options, reason):
    with pytest.raises(ValueError, match=f"has no effect with maxrl_schedule='always'.+{reason}"):
        make(**options)


@pytest.mark.parametrize(
    "options",
    [
        {"scale_rewards": False, "maxrl_schedule": "warmup", "grpo_warmup_steps": 50},
        {"scale_rewards": "batch", "maxrl_schedule": "per_group", "per_group_scale": 0.1},
        {"delta": 2.0, "maxrl_baseline": True},
        {"delta": 2.0, "maxrl_schedule": "adaptive", "switch_correctness": 0.3},
    ],
)
def test_the_same_options_are_accepted_where_they_act(options):
    args = make(**options)
    assert all(getattr(args, name) == value for name, value in options.items() if name != "scale_rewards")


def test_a_yaml_file_sets_the_options_and_is_checked(tmp_path):
    path = tmp_path / "maxrl.yaml"
    path.write_text(
        f"output_dir: {tmp_path}\nbf16: false\nuse_cpu: true\nmaxrl_weighting: uniform\nmaxrl_baseline: true\n"
    )
    (args,) = TrlParser(MaxRLConfig).parse_args_and_config(["--config", str(path)])
    assert (args.maxrl_weighting, args.maxrl_baseline) == ("uniform", True)
    with pytest.raises(ValueError, match="Unknown MaxRL weighting 'best'"):
        TrlParser(MaxRLConfig).parse_args_and_config(["--config", str(path), "--maxrl_weighting", "best"])
