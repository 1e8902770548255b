"""What the training scripts share before a model loads: arguments, models, datasets, checkpoints, messages."""
