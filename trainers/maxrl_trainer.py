"""`MaxRLTrainer`: `trl.GRPOTrainer` with other advantages.

Advantages exist per group only inside TRL's `_generate_and_score_completions`; afterwards the batch is
shuffled and split. So the rewards, which TRL has already gathered over the ranks, are kept when they are
computed, and once TRL is done its advantages are replaced by this rank's share of MaxRL's. Nothing of TRL is
copied: generation, the loss, its clipping and its normalisation stay TRL's, and so does everything that comes
with them (PEFT, vLLM, DeepSpeed, several iterations per batch).

Not covered: `dapo`, `cispo` and `vespo` divide the loss by the number of tokens of the whole batch, those of
wrong completions included. Long wrong answers then shrink the step, though they have no direction in it. With
`loss_type="dr_grpo"` and neither KL, entropy bonus nor entropy quantile, a wrong completion leaves no trace
at all.
"""

import difflib
import textwrap
from typing import Any

import torch
from accelerate.utils import gather
from trl import GRPOTrainer
from trl.trainer.utils import RepeatSampler, get_callable_name, get_config_model_id

from trainers.checkpoint_state import load_state, save_state
from trainers.correctness import CorrectnessEndCallback, CorrectnessLineCallback, CorrectnessTally, SignalWatch
from trainers.epoch_order import ReplayedSampler
from trainers.maxrl_config import MaxRLConfig
from trainers.objectives import maxrl_advantages, summed_rewards
from trainers.schedules import make_schedule

SCHEDULE_STATE_NAME = "maxrl_schedule.json"


class MaxRLTrainer(GRPOTrainer):
    """
    Trainer for Maximum Likelihood Reinforcement Learning (MaxRL): learns from correct completions.

    A completion is correct when its reward exceeds `correctness_threshold` and it was not cut off at the
    length limit. See [`maxrl_advantages`] for the formula, [`MaxRLConfig`] for the options. The only change
    with respect to [`~trl.GRPOTrainer`] is the advantages, and the metrics `maxrl/...` beside them.

    Args:
        model (`str` or [`~transformers.PreTrainedModel`] or [`~peft.PeftModel`]):
            As for [`~trl.GRPOTrainer`].
        reward_funcs (`RewardFunc | list[RewardFunc]`, *optional*):
            As for [`~trl.GRPOTrainer`].
        args ([`MaxRLConfig`], *optional*):
            Configuration. Defaults to `MaxRLConfig("<model>-MaxRL")`.
        **kwargs:
            Everything else that [`~trl.GRPOTrainer`] takes.

    Raises:
        `TypeError`: `args` is not a [`MaxRLConfig`].
        `ValueError`: `correctness_reward` names no reward function, or more than one.

    Example:

    ```python
    from trainers import MaxRLConfig, MaxRLTrainer
    from rust_rewards import rust_reward

    args = MaxRLConfig("out")
    trainer = MaxRLTrainer("Qwen/Qwen2.5-Coder-0.5B-Instruct", rust_reward, args, train_dataset=tasks)
    trainer.train()
    ```
    """

    # What TRL's trainer sets, with the types that hold here.
    args: MaxRLConfig
    model: Any
    num_generations: int
    num_generations_eval: int
    _logs: dict[str, Any]

    _tag_names = ["trl", "maxrl"]  # noqa: RUF012 (TRL's own attribute)
    _name = "MaxRL"
    _paper = {  # noqa: RUF012
        "title": "Maximum Likelihood Reinforcement Learning",
        "id": "2602.02710",
        # docstyle-ignore
        "citation": textwrap.dedent("""\
            @article{tajwar2026maximum,
                title        = {{Maximum Likelihood Reinforcement Learning}},
                author       = {Fahim Tajwar and Guanning Zeng and Yueer Zhou and Yuda Song and Daman Arora
                                and Yiding Jiang and Jeff Schneider and Ruslan Salakhutdinov and Haiwen Feng
                                and Andrea Zanette},
                year         = 2026,
                eprint       = {arXiv:2602.02710},
            }"""),
    }

    def __init__(
        self,
        model: Any,
        reward_funcs: Any = None,
        args: MaxRLConfig | None = None,
        **kwargs: Any,
    ) -> None:
        if args is None:
            model_name = model if isinstance(model, str) else get_config_model_id(model.config)
            args = MaxRLConfig(f"{model_name.split('/')[-1]}-MaxRL")
        if not isinstance(args, MaxRLConfig):
            raise TypeError(f"MaxRLTrainer needs a MaxRLConfig, got {type(args).__name__}.")
        if not kwargs.get("environment_factory"):  # an environment may bring a reward of its own
            check_correctness_reward(args.correctness_reward, reward_funcs)
        super().__init__(model, reward_funcs, args=args, **kwargs)
        self._correctness_column = _correctness_column(args.correctness_reward, self.reward_func_names)
        self.schedule = make_schedule(args)
        self._tallies = {"train": CorrectnessTally(), "eval": CorrectnessTally()}
        self._watch = SignalWatch(self.reward_func_names, args.correctness_threshold)
        self._gathered: tuple[torch.Tensor, torch.Tensor] | None = None
        self.add_callback(CorrectnessLineCallback())
        self.add_callback(CorrectnessEndCallback(self._watch))

    def _calculate_rewards(
        self, inputs: Any, prompts: Any, completions: Any, completion_ids_list: list[list[int]]
    ) -> torch.Tensor:
        rewards_per_func = super()._calculate_rewards(inputs, prompts, completions, completion_ids_list)
        complete = {*self.eos_token_ids, self._tokenizer.pad_token_id}
        truncated = torch.tensor([ids[-1] not in complete for ids in completion_ids_list])
        self._gathered = rewards_per_func, gather(truncated.to(rewards_per_func.device))
        return rewards_per_func

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        output = super()._generate_and_score_completions(inputs)
        # Every rank computes the advantages of all completions from the same gathered rewards, then keeps its
        # own rows: a group may span ranks.
        advantages = self._advantages(grpo_advantages=gather(output["advantages"]))
        first = self.accelerator.process_index * len(inputs)
        output["advantages"] = advantages[first : first + len(inputs)]
        self._replace_logged_advantages(advantages.tolist())
        return output

    def _advantages(self, grpo_advantages: torch.Tensor) -> torch.Tensor:
        """Return the advantages of all ranks' completions, `(B,)`, as the schedule has it, and count correctness."""
        assert self._gathered is not None, "_calculate_rewards runs before the advantages are needed"
        rewards_per_func, truncated = self._gathered
        mode = "train" if self.model.training else "eval"
        num_generations = self.num_generations if mode == "train" else self.num_generations_eval
        scored = self._correctness_rewards(rewards_per_func, num_generations)
        rewards = scored.masked_fill(truncated, -torch.inf)  # an unfinished completion is a failure
        rewards_GN = rewards.view(-1, num_generations)
        correct_GN = rewards_GN > self.args.correctness_threshold
        if mode == "train":
            self._observe(rewards_per_func, scored, truncated, correct_GN)

        maxrl_G = torch.full_like(correct_GN[:, 0], self.schedule.uses_maxrl(self.state.global_step))
        if self.args.maxrl_schedule == "per_group":
            maxrl_G &= correct_GN.any(dim=1)
            grpo_advantages = grpo_advantages * self.args.per_group_scale
        self._tallies[mode].add(rewards_GN, correct_GN, maxrl_G)
        maxrl = maxrl_advantages(
            rewards,
            num_generations,
            threshold=self.args.correctness_threshold,
            weighting=self.args.maxrl_weighting,
            weight_temperature=self.args.maxrl_weight_temperature,
            baseline=self.args.maxrl_baseline,
        )
        return torch.where(maxrl_G.repeat_interleave(num_generations), maxrl, grpo_advantages)

    def _correctness_rewards(self, rewards_per_func: torch.Tensor, num_generations: int) -> torch.Tensor:
        """Return the raw rewards that define "correct", `(B,)`; NaN where they could not be scored."""
        if self._correctness_column is not None:
            return rewards_per_func[:, self._correctness_column]
        return summed_rewards(rewards_per_func, self.reward_weights.to(rewards_per_func.device), num_generations)

    def _observe(
        self,
        rewards_per_func: torch.Tensor,
        scored: torch.Tensor,
        truncated: torch.Tensor,
        correct_GN: torch.Tensor,
    ) -> None:
        """Show a training batch to the schedule and to the watch. Evaluation must not move either."""
        n_correct = int(correct_GN.sum())
        n_total = int((~scored.isnan() | truncated).sum())
        if n_total:
            self.schedule.observe(self.state.global_step, n_correct / n_total)
        self._watch.observe(rewards_per_func, scored, truncated, n_correct)

    def _replace_logged_advantages(self, advantages: list[float]) -> None:
        """Overwrite what TRL has just appended for the table of completions (a queue of bounded length)."""
        logged = self._logs["advantages"]
        for _ in range(min(len(advantages), len(logged))):
            logged.pop()
        logged.extend(advantages)

    def _get_train_sampler(self, dataset: Any = None) -> Any:
        sampler = super()._get_train_sampler(dataset)
        if isinstance(sampler, RepeatSampler) and sampler.shuffle:
            return ReplayedSampler(sampler, seed=self.args.seed)
        return sampler

    def log(self, logs: dict[str, Any], start_time: float | None = None) -> None:
        mode = "train" if self.model.training else "eval"
        prefix = "" if mode == "train" else "eval_"
        logs.update({f"{prefix}{key}": value for key, value in self._tallies[mode].metrics().items()})
        self._tallies[mode] = CorrectnessTally()
        super().log(logs, start_time)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        super()._save_checkpoint(model, trial)
        state = self.schedule.state()
        if state:
            save_state(self, trial, SCHEDULE_STATE_NAME, state)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        super()._load_optimizer_and_scheduler(checkpoint)
        if not self.schedule.state():
            return
        state = load_state(checkpoint, SCHEDULE_STATE_NAME, f"maxrl_schedule={self.args.maxrl_schedule!r}")
        if state is not None:
            self.schedule.restore(state)


def check_correctness_reward(name: str | None, reward_funcs: Any) -> None:
    """
    Check that `name` is one of the reward functions, as far as this is known before reward models load.

    Args:
        name (`str`, *optional*):
            The option `correctness_reward`.
        reward_funcs (`RewardFunc | list[RewardFunc]`):
            Reward functions as given to the trainer. Where one is a reward model, nothing is checked.

    Raises:
        `ValueError`: it names none of them, or more than one; the message says which there are.
    """
    functions = reward_funcs if isinstance(reward_funcs, list) else [reward_funcs]
    if not any(function is None or isinstance(function, (str, torch.nn.Module)) for function in functions):
        _correctness_column(name, [get_callable_name(function) for function in functions])


def _correctness_column(name: str | None, known: list[str]) -> int | None:
    """Return the column of the reward function called `name`, `None` for the weighted sum of all."""
    if name is None:
        return None
    if known.count(name) > 1:
        raise ValueError(
            f"correctness_reward={name!r} is ambiguous: {known.count(name)} reward functions have that name. "
            "Give them different `__name__`s."
        )
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(
            f"correctness_reward={name!r} is not among the reward functions.{hint} Known: "
            f"{', '.join(known)}. Leave it out to use the weighted sum of all of them."
        )
    return known.index(name)
