"""The commands of `python -m rust_rewards`, a module each: its docstring is the help text, `add_arguments(parser)` and
`run(args) -> int` do the rest. What they share is in `evaluation`; what they return is in `exit_codes`."""
