"""Checks one program with one compiler: gives the result that every faster way must agree with."""

import bisect
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from .compiler import Compiler
from .diagnostics import Located
from .native_build import SandboxError
from .verdict import Diagnostic

# Errors of rustc's lexer and parser that carry a code; a parse error mostly has none.
PARSER_CODES = frozenset((
    "E0178", "E0584", "E0585", "E0586", "E0704", "E0743", "E0748", "E0758", "E0762", "E0763", "E0765", "E0766", "E0768",
    "E0773",
))  # fmt: skip
PROGRAM = "program.rs"
# Tokens come before everything else, in macros and in attributes as well.
_LEXER_CODES = frozenset(("E0748", "E0758", "E0762", "E0763", "E0765", "E0766"))  # something unterminated
_LEXER_COMPLAINTS = (
    "this file contains an unclosed delimiter",
    "unexpected closing delimiter",
    "mismatched closing delimiter",
    "unknown start of token",
    "character literal may only contain",
)
_COMPLAINTS = ("expected ", "unexpected token")
_UNRESOLVED = "cannot find "  # a macro, an attribute, a derive: what was parsed and has no meaning
_EXPANDS = re.compile(r"#|\w\s*!\s*[(\[{]|macro_rules")


@dataclass(frozen=True)
class CompileResult:
    """The compiler's part of a verdict. `failure` says why the verifier itself broke."""

    parses: bool = False
    compiles: bool = False
    errors: tuple[Diagnostic, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    lints: tuple[Diagnostic, ...] = ()
    timed_out: bool = False
    failure: str | None = None
    seconds: float = 0.0


def rejected(diagnostic: Diagnostic) -> CompileResult:
    """Return the result for a program that was refused without a compiler."""
    return CompileResult(errors=(diagnostic,))


def from_diagnostics(found: Iterable[Diagnostic], seconds: float) -> CompileResult:
    """Sort the diagnostics of one program into a result. `parses` is provisional: see `parse_known`."""
    found = tuple(found)
    lints = tuple(d for d in found if (d.code or "").startswith("clippy::"))
    errors = tuple(d for d in found if d.level == "error" and d not in lints)
    warnings = tuple(d for d in found if d.level == "warning" and d not in lints)
    return CompileResult(
        parses=True, compiles=not errors, errors=errors, warnings=warnings, lints=lints, seconds=seconds
    )


def parse_known(result: CompileResult, source: str) -> bool | None:
    """Return whether a program parses, as far as its errors tell; `None` when only a parse does.

    What macros and attributes are given is parsed later, with the same words of complaint. Without them, an error that
    has no code and expects something else is the parser's.
    """
    doubtful = [
        error
        for error in result.errors
        if error.code in PARSER_CODES or (error.code is None and not error.message.startswith(_UNRESOLVED))
    ]
    if not result.parses or not doubtful:
        return result.parses
    if any(error.code in _LEXER_CODES or error.message.startswith(_LEXER_COMPLAINTS) for error in doubtful):
        return False
    complained = any(error.code is None and error.message.startswith(_COMPLAINTS) for error in doubtful)
    return False if complained and not _EXPANDS.search(source) else None


def check_alone(
    compiler: Compiler, source: str, *, has_main: bool, clippy: bool, settle_parse: bool = True
) -> CompileResult:
    """Check one program in a compiler of its own. Without `settle_parse`, `parses` stays provisional."""
    kind = "bin" if has_main else "lib"
    done = compiler.run([compiler.check(PROGRAM, kind, clippy=clippy)], {PROGRAM: source})
    if clippy and (done.broken is not None or _only_lints(done.errors)):
        # What only clippy does is no reason not to compile: it prints more, takes longer, and breaks by itself.
        plain = check_alone(compiler, source, has_main=has_main, clippy=False, settle_parse=settle_parse)
        lints = from_diagnostics((item.diagnostic for item in done.diagnostics), 0.0).lints
        return replace(plain, lints=lints, seconds=plain.seconds + done.seconds)
    if done.broken is not None:
        require_working_compiler(compiler, clippy)
        error = Diagnostic("error", None, done.broken, rendered=f"error: {done.broken}\n")
        return CompileResult(errors=(error,), timed_out=done.timed_out, seconds=done.seconds)
    result = from_diagnostics((item.diagnostic for item in done.diagnostics), done.seconds)
    if not settle_parse:
        return result
    known = parse_known(result, source)
    return replace(result, parses=parse(compiler, source) if known is None else known)


def _only_lints(errors: list[Located]) -> bool:
    """Return whether rustc has errors, and all of them are lints that were made errors (`deny`): clippy may see
    more of these. Clippy's own do not count."""
    codes = [item.diagnostic.code or "" for item in errors]
    ours = [code for code in codes if not code.startswith("clippy::")]
    return bool(ours) and all(code[:1].islower() for code in ours)


def require_working_compiler(compiler: Compiler, clippy: bool) -> None:
    """Make sure that it was the program that broke the compiler.

    Raises:
        SandboxError: When the compiler breaks on an empty program as well.
    """
    done = compiler.run([compiler.check(PROGRAM, clippy=clippy)], {PROGRAM: ""})
    if done.broken is not None or done.errors:
        raise SandboxError(f"rustc does not work: on an empty program, {done.broken or 'it reports errors'}")


def parse(compiler: Compiler, *sources: str) -> bool:
    """Return whether rustc's parser accepts every one of `sources`."""
    # An inline module that is configured away is parsed and nothing more.
    wrapped = "".join(f"#[cfg(any())] mod p {{ {source}\n}}\n" for source in sources)
    done = compiler.run([compiler.check(PROGRAM)], {PROGRAM: wrapped}, programs=len(sources))
    return done.broken is None and not done.errors


def parse_each(compiler: Compiler, sources: list[str]) -> list[bool]:
    """Return whether rustc's parser accepts each of several plain, balanced programs, with few compilers."""
    # What macros accept is put to a real parse together; only if that fails is each of them parsed by itself.
    found = _parse_in_macros(compiler, sources)
    accepted = [source for source, ok in zip(sources, found, strict=True) if ok]
    if not accepted or parse(compiler, *accepted):
        return found
    return [ok and parse(compiler, source) for source, ok in zip(sources, found, strict=True)]


def _parse_in_macros(compiler: Compiler, sources: list[str]) -> list[bool]:
    """Return whether each program can be the argument of a macro that parses items and drops them.

    In a macro, the errors of a program end at its braces. Macros forgive a little more than files do, so only a no is
    final. Now and then rustc gives up at an error, which is then its last; the programs behind it are parsed again. A
    broken item before and behind the programs shows whether rustc began, and whether it came to the end.
    """
    answers: list[bool] = []
    while len(answers) < len(sources):
        waiting = sources[len(answers) :]
        text = "macro_rules! parse { ($($item:item)*) => {} }\n"
        lines: list[int] = []
        for source in ["fn", *waiting, "fn"]:  # `fn` alone is the broken item
            lines.append(text.count("\n") + 1)
            text += f"parse! {{ {source}\n}}\n"
        done = compiler.run([compiler.check(PROGRAM)], {PROGRAM: text}, programs=len(waiting))
        places = [_within(item, lines) for item in done.errors]
        # Broken, never begun, or ended at once: parse them one by one.
        if done.broken is not None or 0 not in places or places[-1] == 0:
            return answers + [parse(compiler, source) for source in waiting]
        # Up to its last error rustc read everything; beyond it, nothing is known.
        known = min(places[-1], len(waiting))
        answers += [place not in places for place in range(1, known + 1)]
    return answers


def _within(item: Located, starts: list[int]) -> int:
    """Return the index of the last start at or before the diagnostic's line, -1 for none."""
    return bisect.bisect_right(starts, item.diagnostic.line) - 1
