"""Two answers side by side."""

from rust_rewards.evaluation.answers import side_by_side


def test_columns_wrap_long_lines_and_fill_the_shorter_side():
    page = side_by_side("a" * 40, "b", 63)  # columns of 30
    assert page == f"{'a' * 30} | b\n{'a' * 10}{' ' * 20} |"


def test_narrow_terminal_puts_answers_one_below_the_other():
    assert side_by_side("left", "right", 40) == "left\n\nright"
