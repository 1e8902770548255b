"""The optional model judge: scores programs by asking a language model, beside the compiler."""

from .arguments import JudgeArguments
from .background import in_background
from .config import JudgeConfig
from .judge import REASONS
from .reward import JudgeError, JudgeReward, check_judge, get_judge_reward, with_judge

__all__ = [
    "REASONS",
    "JudgeArguments",
    "JudgeConfig",
    "JudgeError",
    "JudgeReward",
    "check_judge",
    "get_judge_reward",
    "in_background",
    "with_judge",
]
