"""Rows of samples whose worth is known, and files of them."""

import json


def row(number, code=None, **more):
    code = code or f"pub fn f(x: i32) -> i32 {{ x + {number} }}"
    return {"id": number, "completion": f"```rust\n{code}\n```", "tests": f"assert_eq!(f(1), {number + 1});", **more}


def write(path, rows):
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows))
    return path


def read(path):
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for scored in rows:
        if scored["verdict"]:
            scored["verdict"].pop("seconds")
    return rows
