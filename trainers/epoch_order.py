"""Keeps the order of the prompts in epoch n the same in a run that was resumed in epoch n.

TRL's sampler draws one permutation per epoch from a generator that starts with the process: resumed in the
third epoch, a run would repeat the order of the first. Here the permutations of the epochs already done are
drawn again and thrown away. The order itself stays TRL's.
"""

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler
from trl.trainer.utils import RepeatSampler


class ReplayedSampler(Sampler[int]):
    """
    Gives TRL's sampler a `set_epoch`, which the training loop calls at the start of every epoch.

    Args:
        sampler (`RepeatSampler`):
            A shuffling sampler.
        seed (`int`):
            The seed it was made with.
    """

    def __init__(self, sampler: RepeatSampler, seed: int) -> None:
        self.sampler = sampler
        self.seed = seed

    def __iter__(self) -> Iterator[int]:
        return iter(self.sampler)

    def __len__(self) -> int:
        return len(self.sampler)

    def set_epoch(self, epoch: int) -> None:
        """Continue with the order of epoch `epoch`, counted from 0."""
        self.sampler.generator.manual_seed(self.seed)
        for _ in range(epoch):
            torch.randperm(self.sampler.num_samples, generator=self.sampler.generator)
