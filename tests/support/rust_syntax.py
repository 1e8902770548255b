"""Small programs, one for each piece of Rust's syntax, that rustc accepts in edition 2024."""

# ruff: noqa: E501 - program texts stay on the lines they would be written on

from pathlib import Path

_MARK = "==== "

# With characters that no editor shows.
INVISIBLE = {
    "byte order mark": "\ufeffpub fn g() -> u8 { 1 }",
    "byte order mark and shebang": "\ufeff#!/bin/x\npub fn g() -> u8 { 1 }",
    "NUL in a comment": "// a \0 b\npub fn g() -> u8 { /* \0 */ 1 }",
    "NUL in a literal": 'pub fn g() -> &\'static str { "a\0b" }\npub const R: &str = r"a\0b"; pub const C: char = \'\0\';',
    "Windows line ends": '// a\r\npub fn g() -> u8 {\r\n    /* a\r\n b */ "a\r\nb".len() as u8\r\n}\r\n',
    "carriage return in a comment": "// a \r b\r\npub fn g() -> u8 { 1 }",
    "Windows line ends in documentation": "/// Docs.\r\npub fn g() -> u8 {\r\n    1\r\n}\r\n/** a\r\n b */\r\npub fn h() {}\r\n",
    "white space": "pub\u200efn\u200fg()\u2028->\u2029u8\x85{\x0b1\x0c}",
    "line separator in a comment": "// a\u2028b\npub fn g() -> u8 { 1 }",
    "a line end that is escaped": 'pub fn f() -> &\'static str { "a \\\n      b \\\r\n      c" }',
}


def rust_syntax() -> dict[str, str]:
    """Return the programs by what they hold."""
    text = Path(__file__).with_name("rust_syntax.txt").read_text(encoding="utf-8")
    named = (part.split("\n", 1) for part in text.split(_MARK)[1:])
    return {str(name): program for name, program in named} | INVISIBLE
