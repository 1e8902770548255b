"""Tells mutants that do the same as their program, as far as the optimiser can tell: both become the same code.

After Papadakis et al., "Trivial Compiler Equivalence" (ICSE 2015). Overflow checks and debug assertions stay on: tests
see them. It errs on the side of "different": generic and asynchronous functions, those that return an `impl Trait`, and
constants are not looked at, since there is no code of them alone, and equal behaviour by other means is not seen.

A compiler is started for each mutant, so this is for the few that all tests pass.
"""

import math
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tree_sitter import Node

from ..syntax.tree import name_of, parse_rust, text_of, walk
from ..verifier import Limits, SandboxError, find_toolchain
from ..verifier.compiler import Compiler
from ..verifier.engine import default_jobs
from .mutants import Mutant

_EXPORT = b'#[export_name = "rr_mutated"] '
_CODE_BYTES = 16 << 20
_FLAGS = ("-Copt-level=2", "-Coverflow-checks=on", "-Cdebug-assertions=on", "-Ccodegen-units=1", "--cap-lints=allow")
_OUTPUT = ("--crate-type=lib", "--crate-name=program", "--emit=asm", "-o", "-")
_REMARK = re.compile(rb"^\s*(?:#.*|\.ident.*)$", re.MULTILINE)
_GENERIC = frozenset(("type_parameter", "const_parameter", "abstract_type"))
_LIMITS = Limits(wall_seconds=30.0, deadline_seconds=math.inf)


def are_equivalent(mutants: Sequence[Mutant], *, jobs: int | None = None) -> list[bool]:
    """Return for each mutant whether it certainly does the same as the program it was made from.

    Args:
        mutants (`Sequence[Mutant]`): The mutants.
        jobs (`int`, *optional*): Compilers at a time; defaults to the cores.
    """
    if not mutants:
        return []
    compiler = Compiler(find_toolchain(), "2021", _LIMITS)
    pairs = [_pair(mutant) for mutant in mutants]
    texts = list(dict.fromkeys(text for pair in pairs if pair for text in pair))
    with ThreadPoolExecutor(jobs or default_jobs()) as pool:
        code = dict(zip(texts, pool.map(lambda text: _optimised(compiler, text), texts), strict=True))
    return [pair is not None and bool(code[pair[0]]) and code[pair[0]] == code[pair[1]] for pair in pairs]


def _pair(mutant: Mutant) -> tuple[str, str] | None:
    """Return both programs with the changed function exported, and all that follows the change at the same place in
    both (panics tell their line and column); `None` when there is no such function."""
    data = mutant.original.encode()
    start = mutant.start
    function = _function_around(parse_rust(data).root_node, start)
    if function is None:
        return None
    before, after = _same_size(mutant.before.encode(), mutant.after.encode())
    place = function.start_byte
    head = data[:place] + _EXPORT + data[place:start]
    rest = data[start + len(mutant.before.encode()) :]
    return (head + before + rest).decode(), (head + after + rest).decode()


def _same_size(before: bytes, after: bytes) -> tuple[bytes, bytes]:
    """Return both texts with as many lines, and a last line of the same length."""
    lines = max(before.count(b"\n"), after.count(b"\n"))
    padded = [text + b"\n" * (lines - text.count(b"\n")) for text in (before, after)]
    widths = [len(text.rpartition(b"\n")[2].decode()) for text in padded]
    first, second = (text + b" " * (max(widths) - width) for text, width in zip(padded, widths, strict=True))
    return first, second


def _function_around(root: Node, place: int) -> Node | None:
    """Return the innermost function around a place, `None` where there is no code of it alone: a generic one has none,
    and what an asynchronous one or a returned iterator does lies in code that only its caller makes."""
    found = None
    for node in walk(root):
        if node.type == "function_item" and node.start_byte <= place < node.end_byte:
            found = node
    around = found
    while around is not None:
        signature = [around.child_by_field_name(name) for name in ("type_parameters", "parameters", "return_type")]
        if any(node.type == "function_modifiers" and b"async" in text_of(node).split() for node in around.children):
            return None
        if any(node.type in _GENERIC for part in signature if part is not None for node in walk(part)):
            return None
        if around.type == "trait_item" or name_of(around) == b"main":
            return None
        around = around.parent
    return found


def _optimised(compiler: Compiler, text: str) -> bytes:
    """Return the code of a program, empty when there is none."""
    try:
        done = compiler.run(
            [compiler.rustc("program.rs", *_FLAGS, *_OUTPUT)], {"program.rs": text}, output_bytes=_CODE_BYTES
        )
    except SandboxError:
        return b""
    if not done.ok or b"\nrr_mutated:" not in done.stdout:
        return b""
    return _REMARK.sub(b"", done.stdout)
