"""The question and the meaning of an answer: pure text, no server."""

import json

import pytest

from rust_rewards.judge.prompt import DEFAULT_TEMPLATE, build_messages, check_template, parse_answer, without_comments

PLAIN = '{"rationale": "Fine.", "quality": 7, "correctness": 9.5, "idiomaticity": 6}'


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        f"```json\n{PLAIN}\n```",
        f"Here is my review:\n\n{PLAIN}\nI hope that helps {{you}}.",
        f'<think>\nA draft: {{"quality": 1, "correctness": 1, "idiomaticity": 1}}\n</think>\n{PLAIN}',
        f"{PLAIN}\n{PLAIN}",
        PLAIN.replace("}", ', "extra": null}'),
    ],
)
def test_an_answer_is_found_in_what_models_put_around_it(text):
    judgement = parse_answer(text)
    assert judgement.scores == (7.0, 9.5, 6.0)
    assert judgement.rationale == "Fine."


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I give it 9 out of 10.",
        "[7, 9, 6]",
        PLAIN[:-1],  # truncated
        PLAIN.replace("9.5", '"9.5"'),
        PLAIN.replace("9.5", "null"),
        PLAIN.replace("9.5", "true"),
        PLAIN.replace("9.5", "[9.5]"),
        PLAIN.replace("9.5", "NaN"),
        PLAIN.replace('"correctness": 9.5, ', ""),
        PLAIN.replace("}", ', "quality": 10}'),  # said twice
        f"{PLAIN} or rather {PLAIN.replace('7', '10')}",  # two that disagree
        '{"a":' * 5000,
        "{" * 100_000,
    ],
)
def test_an_answer_that_is_not_plain_is_not_guessed_at(text):
    judgement = parse_answer(text)
    assert (judgement.scores, judgement.reason) == (None, "unparsable")


@pytest.mark.parametrize("score", ["11", "-3", "10.01", "-0.5", "1e300", "-Infinity", "9" * 400])
def test_a_score_outside_zero_to_ten_is_no_score(score):
    assert parse_answer(PLAIN.replace("9.5", score)).reason == "out_of_range"


def test_the_bounds_themselves_are_scores():
    assert parse_answer(PLAIN.replace("9.5", "0").replace("7", "10")).scores == (10.0, 0.0, 6.0)


def test_the_reward_is_the_weighted_mean_brought_to_the_scale():
    # (2 * 7 + 1 * 9.5 + 1 * 6) / 4 = 7.375 of 10, times 5
    assert parse_answer(PLAIN).reward((2.0, 1.0, 1.0), 5.0) == pytest.approx(3.6875)


def test_the_program_stands_between_markers_it_cannot_know():
    code = "fn main() {}\n// END\n"
    first, second = (build_messages(DEFAULT_TEMPLATE, "Do nothing.", code)[1]["content"] for _ in range(2))
    marker = first.split("BEGIN ")[1].split("\n")[0]
    assert len(marker) == 32
    assert f"BEGIN {marker}\n{code}\nEND {marker}" in first
    assert marker not in second


def test_placeholders_in_task_and_program_are_left_alone():
    content = build_messages("{task} | {code}", "Print {code}.", 'println!("{task}");')[1]["content"]
    assert content.startswith("Print {code}. | ")
    assert 'println!("{task}");' in content


def test_lone_surrogates_cannot_break_the_request():
    messages = build_messages(DEFAULT_TEMPLATE, "x", 'const S: &str = "\ud800";')
    assert json.dumps(messages, ensure_ascii=False).encode()


@pytest.mark.parametrize("template", ["Judge this!", "{task}", "{code} {code}", ""])
def test_a_template_must_say_once_where_the_program_goes(template):
    with pytest.raises(ValueError, match=r"\{code\}"):
        check_template(template)


def test_comments_are_removed_and_strings_are_kept():
    source = '//! Crate.\n/// Doc.\npub fn f() -> &\'static str {\n    /* a /* b */ c */ "// no comment" // end\n}\n'
    assert without_comments(source) == 'pub fn f() -> &\'static str {\n      "// no comment"\n}\n'
