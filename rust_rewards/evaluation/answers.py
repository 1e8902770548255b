"""Shows a model's answers to one task: streamed as they are written, or two models side by side.

Not here: sampling many tasks (`sampling.py`).
"""

import textwrap

from ..tasks.task_set import Task
from .comparison import describe_sample
from .generators import Completion, ModelChoice, Sampling, TransformersGenerator
from .sampling import encode_prompts, resolve_prompt_style, with_room
from .scores import score_samples
from .tables import format_components

NARROWEST = 60  # columns; a narrower terminal gets the two answers one below the other


class AnsweringModel:
    """One model with a prompt ready to be answered.

    Args:
        model (`ModelChoice`): The model; transformers generates, whatever its `backend`.
        task (`Mapping`): The task.
        sampling (`Sampling`): How its answers are drawn; its limit of tokens is fitted to the model's context.

    Raises:
        ValueError: When the model cannot be loaded, or the prompt leaves no room for an answer.
    """

    def __init__(self, model: ModelChoice, task: Task, sampling: Sampling) -> None:
        self.name, self.task = model.name, task
        self.generator = TransformersGenerator(model.name, model.revision, model.dtype)
        self.style = resolve_prompt_style(model.prompt_style, self.generator.tokenizer)
        self.prompt = encode_prompts([task], self.generator.tokenizer, self.style)[0]
        self.stop = list(task.get("stop") or []) if self.style == "prefix" else []
        self.sampling = with_room(sampling, {task["task_id"]: self.prompt}, self.generator.context_length)

    def stream(self, number: int) -> None:
        """Print one answer as it grows, then its verdict."""
        print(f"--- {self.name}, sample {number + 1}")
        if self.style == "prefix":
            print(self.task["code_prefix"], end="")
        completion = self.generator.stream(self.prompt, self.sampling, self.sampling.seed + number, self.stop)
        print(f"\n{self.verdict(completion)}\n")

    def answer(self, number: int) -> tuple[str, str]:
        """Return one answer as text, and its verdict."""
        [completion] = self.generator.complete([self.prompt], self.sampling, self.sampling.seed + number, self.stop)
        lead = self.task["code_prefix"] if self.style == "prefix" else ""
        return lead + completion.text, self.verdict(completion)

    def verdict(self, completion: Completion) -> str:
        """Return what the compiler, the tests and the reward say of an answer."""
        sample = {"task_id": self.task["task_id"], "sample_index": 0, "completion": completion.text}
        scored = score_samples([self.task], [sample], style=self.style)[0]
        ending = "" if completion.finished else ", cut off at the token limit"
        lines = [f"=> {describe_sample(scored)} ({completion.tokens} tokens{ending})"]
        if scored.components:
            lines.append(f"   {format_components(scored.components)}")
        lines += [textwrap.indent(text.rstrip(), "   ") for text in scored.rendered or ()]
        return "\n".join(lines)


def side_by_side(left: str, right: str, width: int) -> str:
    """Return two texts as columns of a page `width` columns wide; longer lines are wrapped.

    Args:
        left, right (`str`): The texts.
        width (`int`): Columns of the page; below `NARROWEST` the texts are put one below the other.
    """
    if width < NARROWEST:
        return f"{left}\n\n{right}"
    column = (width - 3) // 2
    sides = [_wrapped(text, column) for text in (left, right)]
    height = max(map(len, sides))
    padded = [side + [""] * (height - len(side)) for side in sides]
    return "\n".join(f"{a.ljust(column)} | {b}".rstrip() for a, b in zip(*padded, strict=True))


def _wrapped(text: str, column: int) -> list[str]:
    lines: list[str] = []
    for line in text.expandtabs(4).splitlines():
        lines += [line[start : start + column] for start in range(0, len(line), column)] or [""]
    return lines
