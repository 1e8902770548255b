"""Asks rustc which tests there are, where macros or conditions decide that: expands the hidden tests by themselves.

In the place of `#[test]` stands an attribute of ours (`native/test_attribute.rs`) that reports each test as an error
with its path, before any type is looked at, so that the program need not be there.
"""

import re
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

from . import sandbox
from .cases import Case, HiddenTests, HiddenTestsError
from .compiler import Compiler
from .item_tests import ATTRIBUTE

LISTING_BYTES = 1 << 26  # rustc quotes the macro with every test
LISTED = 1024  # suites whose cases are remembered: a step tests many answers to one task
ROOT = "tests.rs"
FLAGS = ("--crate-type=lib", "--emit=metadata", "--out-dir=.")
_TEST = re.compile(
    r"rr_test tests::items(?P<module>[\w:#]*) (?P<name>\S+) (?P<ends>[01]) (?P<catches>[01]) "
    r"(?:-|x(?P<panic>[0-9a-f]*))"
)
_BROKEN = ("no rules expected", "unexpected end of macro invocation", "recursion limit reached", "expected ")


def attribute_library(compiler: Compiler) -> Path:
    """Return the path of the attribute's library, built once per toolchain."""
    return sandbox.build_native("test_attribute", compiler.toolchain, "--crate-type=proc-macro")


def list_cases(compiler: Compiler, tests: HiddenTests) -> HiddenTests:
    """Return the tests with the cases that rustc finds in them.

    Raises:
        HiddenTestsError: When there is none, or a macro of the tests cannot be expanded.
        SandboxError, OutOfTime: As `Compiler.run`.
    """
    key = (compiler.toolchain.version, compiler.edition, tests.items)
    found = _listed.get(key)
    if found is None:
        found = _ask(compiler, tests.items)
        _listed[key] = found
        if len(_listed) > LISTED:
            _listed.popitem(last=False)
    if isinstance(found, str):
        raise HiddenTestsError(found)
    return replace(tests, cases=found)


_listed: OrderedDict[tuple[str, str, str], tuple[Case, ...] | str] = OrderedDict()


def _ask(compiler: Compiler, items: str) -> tuple[Case, ...] | str:
    """Return the cases, or why there are none."""
    library = attribute_library(compiler)
    old = "extern crate rr_attribute;\n" if compiler.edition == "2015" else ""
    text = f"{old}pub mod items {{\n{items.replace(f'#[{ATTRIBUTE}]', '#[::rr_attribute::list]')}\n}}\n"
    command = compiler.rustc(
        ROOT, "--crate-type=lib", "--emit=metadata", "--out-dir=.", f"--extern=rr_attribute={library}"
    )
    done = compiler.run([command], {ROOT: text}, output_bytes=LISTING_BYTES)
    if done.broken is not None:
        return f"the tests cannot be listed: {done.broken}"
    errors = [item.diagnostic for item in done.errors]
    cases = tuple(_case(match) for error in errors if (match := _TEST.fullmatch(error.message)))
    # Without the program much is missing; what it cannot be blamed for breaks the tests themselves.
    broken = next((error for error in errors if error.code is None and error.message.startswith(_BROKEN)), None)
    if broken is not None:
        return f"the tests do not compile: {broken.message}"
    return cases or "the tests hold no test: rustc finds none in them"


def _case(match: re.Match[str]) -> Case:
    path = f"{match['module']}::{match['name']}".removeprefix("::")
    panic = bytes.fromhex(match["panic"]).decode() or '""' if match["panic"] is not None else None
    return Case(path, path, panic, must_reach=match["ends"] == "1", catches=match["catches"] == "1")
