"""Write the corpus and the tasks of the embedded model: short Rust functions in the language of
language.py.

    python recipes/tiny/corpus.py                                      # recipes/tiny/{train,eval}.jsonl
    python recipes/tiny/corpus.py --corpus outputs/tiny-corpus.jsonl   # and the text the model learned from

The corpus reads like scraped code: many bodies carry a mistake (a lost token, a stray semicolon, a wrong
name, the wrong constant) and nothing marks the good ones. A model of it writes what it saw, mistakes included.

Held-out tasks are fillings, and function names, that occur neither in the corpus nor in the training tasks.
The `prompt` of a task is its `code_prefix`, a plain string: the embedded model continues text, and program
= prefix + completion.

The same seed gives the same bytes. Nothing is compiled or run here (tests/test_tiny.py does, for every
task), and no model is trained (recipes/sft.py does).
"""

import argparse
import json
import random
import re
from collections.abc import Iterator
from functools import cache
from itertools import islice, product
from pathlib import Path
from typing import Any

from language import FAMILIES, NOUNS, TERMS, VERBS, Family, Tagged, Term

SEED = 20260
TRAIN_PER_FAMILY, EVAL_PER_FAMILY = 8, 3
MOST_FILLINGS = 400  # of a family; three slots would give a hundred thousand
HELD_OUT_SHARE = 0.15
CORPUS_ROWS = 32_000
GOOD, WRONG = 0.4, 0.1  # shares of the corpus; what remains is broken
CASES, CASES_PER_TEST = 8, 2

ARGUMENTS = {
    "i32": ("x", "n", "a", "num", "value"),
    "&[i32]": ("xs", "nums", "items", "values"),
    "&str": ("s", "text", "word", "line"),
    "Option<i32>": ("x", "opt", "value", "found"),
}
LONG_WORD = "a banana stone arena"
WORDS = ("notes", "banana", "iron", "rust", "tea", "stone arena", "roast", "")
METHODS = ("map", "filter", "iter", "count", "sum", "any", "all", "collect", "find", "copied", "unwrap")

Filling = tuple[Term, ...]


def fillings(family: Family, rng: random.Random) -> tuple[list[Filling], list[Filling]]:
    """Return a family's fillings in two shuffled parts, `(known, held_out)`, each with telling tests."""
    every = list(product(*(TERMS[slot]() for slot in family.slots)))
    rng.shuffle(every)
    telling = (filling for filling in every if _is_clear(filling) and test_cases(family, filling))
    good = list(islice(telling, MOST_FILLINGS))
    cut = max(EVAL_PER_FAMILY, round(HELD_OUT_SHARE * len(good)))
    return good[cut:], good[:cut]


@cache
def function_names() -> tuple[list[str], list[str]]:
    """Return the names of functions in two shuffled parts, `(known, held_out)`, made of the same words."""
    every = [f"{verb}_{noun}" for verb, noun in product(VERBS, NOUNS)]
    random.Random(f"{SEED} names").shuffle(every)
    cut = round(HELD_OUT_SHARE * len(every))
    return every[cut:], every[:cut]


def function(family: Family, filling: Filling, name: str, argument: str) -> tuple[str, list[str]]:
    """Return the text up to the body, and the correct bodies with closing brace, the reference first."""
    doc = family.doc.format(*(term.words for term in filling), x=argument)
    prefix = f"/// {doc}\npub fn {name}({argument}: {family.takes}) -> {family.gives} {{\n"
    rust = [term.rust.format(v=family.subject.format(x=argument)) for term in filling]
    bodies = [body.format(*rust, x=argument) for body in family.bodies]
    return prefix, [re.sub(r"^", "    ", body, flags=re.M) + "\n}" for body in bodies]


def test_cases(family: Family, filling: Filling) -> list[tuple[Any, Any]]:
    """Return `CASES` pairs of input and result in which neighbours differ; none when all results are alike.

    Inputs next to the constants come first, where `>` and `>=` part; results take turns, so that no test made
    of neighbours is passed by a constant.
    """
    by_result: dict[str, list[Any]] = {}
    for value in inputs(family.takes, [k for term in filling for k in term.constants]):
        result = family.meaning(value, *(term.meaning for term in filling))
        by_result.setdefault(literal(result), []).append((value, result))
    groups = list(by_result.values())
    if len(groups) < 2:
        return []
    turns = [groups[i % len(groups)] for i in range(CASES)]
    return [group[i // len(groups) % len(group)] for i, group in enumerate(turns)]


def telling_cases(family: Family, filling: Filling, rivals: list[Filling]) -> list[tuple[Any, Any]]:
    """Return `test_cases` and, for every rival filling that would pass them, one it gets wrong if there is one.

    Cases are added in pairs of different results, which keeps constants out.
    """

    def result(of: Filling, value: Any) -> str:
        return literal(family.meaning(value, *(term.meaning for term in of)))

    cases = test_cases(family, filling)
    for rival in rivals:
        if any(result(rival, value) != literal(expected) for value, expected in cases):
            continue
        constants = [k for term in (*filling, *rival) for k in term.constants]
        for value in inputs(family.takes, [f * k for k in constants for f in (1, 3, -1)]):
            if result(rival, value) != result(filling, value):
                expected = family.meaning(value, *(term.meaning for term in filling))
                other = next(case for case in cases if literal(case[1]) != literal(expected))
                cases += [(value, expected), other]
                break
    return cases


def inputs(takes: str, constants: list[int]) -> list[Any]:
    """Return inputs of the type `takes`, those next to the constants first."""
    near = list(dict.fromkeys([k + d for k in constants for d in (0, 1, -1)] + [12, 0, 7, 1, 20, -4]))
    if takes == "i32":
        return near
    if takes == "Option<i32>":
        return [None, *(Tagged("Some", v) for v in near)]
    if takes == "&str":
        return [*WORDS, *(LONG_WORD[:n] for n in near if n > 0)]
    return [near[i : i + n] for i in range(len(near)) for n in (1, 4)] + [[], [0] * 9 + near]


def literal(value: Any) -> str:
    """Return a result as a Rust literal."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Tagged):
        return f"{value.tag}({literal(value.value)})"
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))})"
    if isinstance(value, list):
        return f"vec![{', '.join(map(literal, value))}]"
    return str(value)


def hidden_tests(family: Family, name: str, cases: list[tuple[Any, Any]]) -> str:
    """Return the test module of a task: the signature pinned, then a few tests of a few cases each."""
    checks = []
    for value, result in cases:
        given = literal(value).replace("vec!", "&") if family.takes == "&[i32]" else literal(value)
        owned = ".to_string()" if family.gives == "String" else ""
        checks.append(f"assert_eq!({name}({given}), {literal(result)}{owned});")
    parts = [checks[i : i + CASES_PER_TEST] for i in range(0, len(checks), CASES_PER_TEST)]
    tests = "".join(
        f"\n    #[test]\n    fn case_{i}() {{\n        " + "\n        ".join(part) + "\n    }\n"
        for i, part in enumerate(parts, start=1)
    )
    pin = f"    const _: fn({family.takes}) -> {family.gives} = {name};\n"
    return f"#[cfg(test)]\nmod tests {{\n    use super::*;\n\n{pin}{tests}}}\n"


def tasks(split: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of `"train"` or `"eval"`, with the columns of recipes/data."""
    for family in FAMILIES:
        rng = random.Random(f"{SEED} {family.key}")
        known, held_out = fillings(family, rng)
        chosen = known[:TRAIN_PER_FAMILY] if split == "train" else held_out[:EVAL_PER_FAMILY]
        for i, filling in enumerate(chosen, start=1):
            name = rng.choice(function_names()[split == "eval"])
            prefix, bodies = function(family, filling, name, rng.choice(ARGUMENTS[family.takes]))
            yield {
                "task_id": f"tiny-{split}-{family.key}-{i}",
                "prompt": prefix,
                "code_prefix": prefix,
                "entry_point": name,
                "tests": hidden_tests(family, name, telling_cases(family, filling, known + held_out)),
                "reference": prefix + bodies[0] + "\n",
                "difficulty": family.difficulty,
                "topic": family.topic,
            }


def corpus(rows: int = CORPUS_ROWS) -> Iterator[dict[str, str]]:
    """Yield `prompt` and `completion` pairs of known fillings and names; most completions are wrong or broken."""
    rng = random.Random(f"{SEED} corpus")
    known = [(family, fillings(family, random.Random(f"{SEED} {family.key}"))[0]) for family in FAMILIES]
    for _ in range(rows):
        family, choices = rng.choice(known)
        argument = rng.choice(ARGUMENTS[family.takes])
        filling = rng.choice(choices)
        prefix, bodies = function(family, filling, rng.choice(function_names()[0]), argument)
        body = rng.choice(bodies)
        fate = rng.random()
        if fate >= GOOD + WRONG:
            body = _broken(body, argument, rng)
        elif fate >= GOOD:
            body = re.sub(r"\d", lambda _: str(rng.randrange(10)), body)
        yield {"prompt": prefix, "completion": body}


def _is_clear(filling: Filling) -> bool:
    """Say whether no two terms are of one kind, or about one number: nobody asks for `x > 3 && x > 5`."""
    kinds = [re.sub(r"\d", "", term.words) for term in filling if callable(term.meaning)]
    numbers = [k for term in filling for k in {*term.constants}]
    return all(len({*all_of}) == len(all_of) for all_of in (kinds, numbers, filling))


def _broken(body: str, argument: str, rng: random.Random) -> str:
    """Return the body with one to three of the mistakes beginners make; now and then it still compiles."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        tokens = re.findall(r"\w+|\s+|[^\w\s]", body)
        spots = [i for i, token in enumerate(tokens) if token.strip()]
        spot = rng.choice(spots)
        mistake = rng.randrange(6)
        if mistake == 0:
            tokens[spot] = ""
        elif mistake == 1:
            tokens[spot] *= 2
        elif mistake == 2:
            tokens[spot] = tokens[rng.choice(spots)]
        elif mistake == 3:
            names = [i for i in spots if tokens[i] in (argument, "v")]
            if names:
                tokens[rng.choice(names)] = rng.choice(ARGUMENTS["i32"] + ARGUMENTS["&[i32]"])
        elif mistake == 4:
            methods = [i for i in spots if tokens[i] in METHODS]
            tokens[rng.choice(methods or spots)] = rng.choice(METHODS)
        else:
            tokens[-2:] = [";" + "".join(tokens[-2:])]
        body = "".join(tokens)
    return body


def write(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    """Write rows as JSON Lines, making the folder when it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def main() -> None:
    """Write the files named on the command line."""
    parser = argparse.ArgumentParser(description="Write the tasks and the corpus of the embedded model.")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent, help="where the task files go")
    parser.add_argument("--corpus", type=Path, help="also write the corpus, to this file")
    parser.add_argument("--rows", type=int, default=CORPUS_ROWS, help="rows of the corpus")
    args = parser.parse_args()
    write(args.folder / "train.jsonl", tasks("train"))
    write(args.folder / "eval.jsonl", tasks("eval"))
    if args.corpus:
        write(args.corpus, corpus(args.rows))


if __name__ == "__main__":
    main()
