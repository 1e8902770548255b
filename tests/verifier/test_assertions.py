import pytest

from rust_rewards import verify
from rust_rewards.verifier.assertions import open_comparisons

OWN_COMPARISON = """#[derive(Debug, Clone)] pub struct P { pub x: i32 }
impl PartialEq for P { fn eq(&self, o: &P) -> bool { self.x == o.x } }
pub fn f(x: i32) -> P { P { x } }
"""
LIES = OWN_COMPARISON.replace("self.x == o.x", "true")


@pytest.mark.parametrize(
    "tests",
    [
        'assert!(f(1) == P { x: 1 } && f(2) != P { x: 3 }, "{}", 1);',
        "assert!(!(f(1) != P { x: 1 }));",
        'let mut i = 0; while i < 3 { i += 1; } if f(i) != (P { x: 3 }) { panic!("no"); } assert_eq!(i, 3);',
        "let v: Vec<i32> = (0..4).filter(|x| x % 2 == 0 && *x < 3).collect(); assert!(v.len() == 2 || f(1) == f(2));",
    ],
)
def test_comparisons_of_the_programs_own_are_seen_wherever_they_stand(tests):
    honest, lying = verify([OWN_COMPARISON, LIES], [tests, tests.replace("v.len() == 2", "v.is_empty()")])
    assert honest.test_statuses == ("passed",)
    assert lying.tests_passed == 0


@pytest.mark.parametrize(
    ("written", "opened"),
    [
        ("assert!(f(1) == 2);", "rr_compare!((f(1)) (==) (2));"),
        ('debug_assert!(a<b, "why {}", 1);', 'rr_compare!((a) (<) (b), "why {}", 1);'),
        ("assert!(a /* of it */ == b);", "rr_compare!((a) (==) (b));"),
        ("assert!(a && b);", "assert!(a && b);"),
        ("assert_eq!(a == b, true);", "assert_eq!(a == b, true);"),
        ("let same = a == b;", "let same = a == b;"),
    ],
)
def test_the_condition_of_an_assertion_is_opened(written, opened):
    assert open_comparisons(f"fn case() {{ {written} }}", everywhere=False) == f"fn case() {{ {opened} }}"


@pytest.mark.parametrize(
    ("written", "opened"),
    [
        ("assert!(f(1 > 0) == 2);", "rr_compare!((f(1 > 0)) (==) (2));"),
        ("assert!(a == b && c);", "assert!(rr_value!((a) (==) (b)) && c);"),
        ("assert_eq!(a == b, true);", "assert_eq!(rr_value!((a) (==) (b)), true);"),
        (
            "if f(|x| x == 1) == (c != d) {}",
            "if rr_value!((f(|x| rr_value!((x) (==) (1)))) (==) ((rr_value!((c) (!=) (d))))) {}",
        ),
        ("assert!({ assert!(a == b); c });", "assert!({ rr_compare!((a) (==) (b)); c });"),
        ("vec![a == b]; a.contains(b);", "vec![a == b]; a.contains(b);"),
        ("assert!(a == );", "assert!(a == );"),
    ],
)
def test_every_comparison_in_code_and_assertions_is_opened_on_request(written, opened):
    assert open_comparisons(f"fn case() {{ {written} }}", everywhere=True) == f"fn case() {{ {opened} }}"


@pytest.mark.parametrize("everywhere", [False, True])
def test_tests_may_nest_to_any_depth(everywhere):
    deep = "(" * 5_000 + "a == b" + ")" * 5_000
    opened = open_comparisons(f"fn case() {{ let x = {deep}; assert!(c == d); }}", everywhere=everywhere)
    assert ("rr_value!((a) (==) (b))" in opened) == everywhere
    assert "rr_compare!((c) (==) (d))" in opened
