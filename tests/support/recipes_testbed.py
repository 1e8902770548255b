"""What the tests of the training scripts share: a small run, and files of rows."""

import json

from launch.arguments import RecipeArguments, parse
from trl import GRPOConfig, ModelConfig

# Two prompts of four short completions a step: a step takes about a second
SMALL = ["--per_device_train_batch_size", "8", "--num_generations", "4"]
SMALL += ["--max_completion_length", "24", "--save_steps", "1000"]


def parse_small(output_dir, max_steps):
    arguments = [*SMALL, "--max_steps", str(max_steps), "--output_dir", str(output_dir)]
    return parse((RecipeArguments, GRPOConfig, ModelConfig), "recipes/tiny/grpo.yaml", arguments)


def write(path, *rows):
    path.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows))
    return path
