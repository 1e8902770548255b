"""What `trainers` and `rust_rewards`, which do not import each other, must say alike."""

from rust_rewards.evaluation.summary import LEVELS as LEVELS_IN_TABLES
from rust_rewards.scoring import COMPILE_THRESHOLD
from trainers import MaxRLConfig
from trainers.curriculum import LEVELS
from trainers.maxrl_config import RUST_COMPILES


def test_correct_begins_where_the_combined_reward_says_that_a_program_compiles():
    assert RUST_COMPILES == COMPILE_THRESHOLD
    assert MaxRLConfig.__dataclass_fields__["correctness_threshold"].default == RUST_COMPILES


def test_the_words_for_difficulty_are_those_of_the_tables():
    assert LEVELS == LEVELS_IN_TABLES
