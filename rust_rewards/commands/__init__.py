"""The commands of `python -m rust_rewards`, a module each: `HELP`, `add_arguments(parser)` and `run(args) -> int`."""
