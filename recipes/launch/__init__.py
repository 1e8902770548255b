"""Holds what the training scripts share: arguments, models, datasets, checkpoints, messages."""
