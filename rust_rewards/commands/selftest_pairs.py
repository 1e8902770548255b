"""Pairs of a good and a bad answer to the same task, each different in one respect. Data of the `selftest` command.

Every pair names the component that must see the difference; a few name `total`, where the bad answer tries to earn a
score without answering. Both answers of a style pair compile and are right, so that only the style can decide.
"""

from typing import NamedTuple

TOTAL, TESTS = "total", "tests"


class Pair(NamedTuple):
    """Two answers to one task and what should tell them apart.

    Attributes:
        name (`str`): What the pair asks, in words.
        component (`str`): A field of `RewardBreakdown`, or `"tests"` for the share of hidden tests passed.
        entry_point (`str`): The function or type asked for.
        good, bad (`str`): Rust programs.
        tests (`str`): Hidden tests, `""` for none.
    """

    name: str
    component: str
    entry_point: str
    good: str
    bad: str
    tests: str = ""


_SUM_GOOD = """
/// Returns the sum of the numbers.
pub fn sum_all(values: &[i64]) -> i64 {
    values.iter().sum()
}
"""

_ADD_CLEAN = """
pub fn add(left: i32, right: i32) -> i32 {
    left + right
}
"""

_PARSE_RESULT = """
use std::num::ParseIntError;

pub fn parse_sum(left: &str, right: &str) -> Result<i32, ParseIntError> {
    Ok(left.parse::<i32>()? + right.parse::<i32>()?)
}
"""

_LARGEST_OPTION = """
pub fn largest(values: &[i32]) -> Option<i32> {
    values.iter().copied().max()
}
"""

_PADDING = """
/// Parses.
fn unrelated(text: &str) -> Result<Option<i32>, std::num::ParseIntError> {
    Ok(text.split(',').map(|part| part.trim()).next().map(str::parse).transpose()?)
}
"""

_MEDIAN_TESTS = """
assert_eq!(median(&[3, 1, 2]), 2);
assert_eq!(median(&[9]), 9);
assert_eq!(median(&[5, 5, 1, 9, 7]), 5);
"""

PAIRS = (
    Pair(
        "compiles or has a type mismatch",
        "compile_success",
        "add",
        good=_ADD_CLEAN,
        bad=_ADD_CLEAN.replace("left + right", "(left + right).to_string()"),
    ),
    Pair(
        "compiles or uses a moved value",
        "no_errors",
        "twice",
        good="""
pub fn twice(text: String) -> String {
    format!("{text}{text}")
}
""",
        bad="""
pub fn twice(text: String) -> String {
    let first = text;
    first + &text
}
""",
    ),
    Pair(
        "parses or has an unclosed brace",
        "parseable",
        "add",
        good=_ADD_CLEAN,
        bad=_ADD_CLEAN.replace("left + right\n}", "left + right\n"),
    ),
    Pair(
        "free of warnings or with an unused variable",
        "no_warnings",
        "add",
        good=_ADD_CLEAN,
        bad=_ADD_CLEAN.replace("    left", "    let unused = 3;\n    left"),
    ),
    Pair(
        "free of warnings or with warnings silenced",
        "no_warnings",
        "add",
        good=_ADD_CLEAN,
        bad="#![allow(warnings)]\n" + _ADD_CLEAN.replace("    left", "    let unused = 3;\n    left"),
    ),
    Pair(
        "returns a Result or unwraps: error handling",
        "quality",
        "parse_sum",
        good=_PARSE_RESULT,
        bad="""
pub fn parse_sum(left: &str, right: &str) -> i32 {
    left.parse::<i32>().unwrap() + right.parse::<i32>().unwrap()
}
""",
    ),
    Pair(
        "returns a Result or unwraps: panics",
        "panics",
        "parse_sum",
        good=_PARSE_RESULT,
        bad="""
pub fn parse_sum(left: &str, right: &str) -> i32 {
    left.parse::<i32>().unwrap() + right.parse::<i32>().expect("a number")
}
""",
    ),
    Pair(
        "returns an Option or a magic number",
        "quality",
        "largest",
        good=_LARGEST_OPTION,
        bad="""
pub fn largest(values: &[i32]) -> i32 {
    let mut best = -1;
    for &value in values {
        best = best.max(value);
    }
    best
}
""",
    ),
    Pair(
        "iterates or loops over needless indices",
        "idioms",
        "even_squares",
        good="""
pub fn even_squares(values: &[i32]) -> Vec<i32> {
    values.iter().filter(|v| *v % 2 == 0).map(|v| v * v).collect()
}
""",
        bad="""
pub fn even_squares(values: &[i32]) -> Vec<i32> {
    let mut squares = Vec::new();
    for i in 0..values.len() {
        if values[i] % 2 == 0 {
            squares.push(values[i] * values[i]);
        }
    }
    squares
}
""",
    ),
    Pair(
        "matches on an enum or compares numbers",
        "idioms",
        "describe",
        good="""
use std::cmp::Ordering;

pub fn describe(left: i32, right: i32) -> &'static str {
    match left.cmp(&right) {
        Ordering::Less => "less",
        Ordering::Equal => "equal",
        Ordering::Greater => "greater",
    }
}
""",
        bad="""
pub fn describe(left: i32, right: i32) -> &'static str {
    if left < right {
        return "less";
    }
    if left == right {
        return "equal";
    }
    "greater"
}
""",
    ),
    Pair(
        "documented or not",
        "documentation",
        "sum_all",
        good=_SUM_GOOD,
        bad=_SUM_GOOD.replace("/// Returns the sum of the numbers.\n", ""),
    ),
    Pair(
        "safe or unsafe",
        "unsafety",
        "first",
        good="""
pub fn first(bytes: &[u8]) -> Option<u8> {
    bytes.first().copied()
}
""",
        bad="""
pub fn first(bytes: &[u8]) -> Option<u8> {
    if bytes.is_empty() {
        return None;
    }
    Some(unsafe { *bytes.get_unchecked(0) })
}
""",
    ),
    Pair(
        "a type with methods or loose values",
        "structure",
        "area",
        good="""
pub struct Rectangle {
    pub width: u32,
    pub height: u32,
}

impl Rectangle {
    pub fn area(&self) -> u32 {
        self.width * self.height
    }
}

pub fn area(width: u32, height: u32) -> u32 {
    Rectangle { width, height }.area()
}
""",
        bad="""
pub fn area(width: u32, height: u32) -> u32 {
    width * height
}
""",
    ),
    Pair(
        "plain or needlessly branching",
        "complexity",
        "grade",
        good="""
pub fn grade(points: u32) -> char {
    let place = points.min(109) / 10;
    ['F', 'F', 'F', 'F', 'F', 'E', 'D', 'C', 'B', 'A', 'A'][place as usize]
}
""",
        bad="""
pub fn grade(points: u32) -> char {
    if points < 10 || points == 10 { return 'F'; }
    if points < 20 || points == 20 { return 'F'; }
    if points < 30 || points == 30 { return 'F'; }
    if points < 40 || points == 40 { return 'F'; }
    if points < 50 && points != 50 { return 'F'; }
    if points < 60 && points != 60 { return 'E'; }
    if points < 70 && points != 70 { return 'D'; }
    if points < 80 && points != 80 { return 'C'; }
    if points < 90 && points != 90 { return 'B'; }
    'A'
}
""",
    ),
    Pair(
        "right or subtly wrong: an odd middle",
        TESTS,
        "median",
        good="""
pub fn median(values: &[i32]) -> i32 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}
""",
        bad="""
pub fn median(values: &[i32]) -> i32 {
    values[values.len() / 2]
}
""",
        tests=_MEDIAN_TESTS,
    ),
    Pair(
        "right or subtly wrong: the last element",
        TESTS,
        "rising",
        good="""
pub fn rising(values: &[i32]) -> bool {
    values.windows(2).all(|pair| pair[0] < pair[1])
}
""",
        bad="""
pub fn rising(values: &[i32]) -> bool {
    values.iter().zip(values.iter().skip(1)).take(values.len().saturating_sub(2)).all(|(a, b)| a < b)
}
""",
        tests="""
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises() {
        assert!(rising(&[1, 2, 3]));
    }

    #[test]
    fn falls_at_the_end() {
        assert!(!rising(&[1, 2, 2]));
    }
}
""",
    ),
    Pair(
        "answers or gives up with todo!()",
        "panics",
        "add",
        good=_ADD_CLEAN,
        bad="""
pub fn add(left: i32, right: i32) -> i32 {
    let _ = (left, right);
    if left > right { todo!() } else { unimplemented!() }
}
""",
    ),
    Pair(
        "answers or hides everything in a comment",
        TOTAL,
        "sum_all",
        good=_SUM_GOOD,
        bad="/*" + _SUM_GOOD + "*/\n",
    ),
    Pair(
        "answers or writes something else instead",
        TOTAL,
        "add",
        good=_ADD_CLEAN,
        bad=_PADDING,
    ),
    Pair(
        "answers or pads it with code nobody calls",
        "no_warnings",
        "add",
        good=_ADD_CLEAN,
        bad=_ADD_CLEAN + _PADDING,
    ),
)
