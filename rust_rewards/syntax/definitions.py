"""Says which names Rust text defines, and whether it defines a function that does something, without a syntax tree.

For text that no parser reads: answers that are cut off or broken, and programs in syntax unknown to the grammar.
"""

import re

from .lexer import blank

_MAX_CHARS = 256 * 1024  # more is not read
_DEFINITION = re.compile(
    r"(?P<mark>[{};])"
    r"|\b(?P<holder>impl|trait|mod|use)\b(?:\s+(?:r\#)?(?P<held>\w+))?"
    r"|\b(?P<kind>fn|struct|enum|union|type|const|static|macro_rules!)"
    r"\s+(?:mut\s+)?(?:r\#)?(?!(?:async|const|extern|fn|unsafe)\b)(?P<name>\w+)"
    r"|\bas\s+(?P<alias>\w+)\s*[;,}]"
    r"|\b(?P<macro>\w++)!\s*[({\[](?P<arguments>[^(){}\[\];]{0,2000})"
)
_TEST_ATTRIBUTE = re.compile(r"#\[(?:\w+::)*(?:test|cfg\(test\))\]\s*(?:#\[[^\]]{0,100}\]\s*|pub\s+|async\s+)*$")
_WORD = re.compile(r"[^\W\d]\w*")
_FUNCTION = re.compile(r"\bfn\s+(?:r\#)?(\w+)[^{};]{0,4000}\{")
_NOTHING = re.compile(
    r"\s*(?:(?:return\s+)?(?:\w+\s*::\s*)*(?:todo|unimplemented|panic|unreachable)\s*!\s*"
    r"(?:\([^(){}]*\)|\[[^\[\]]*\]|\{[^{}]*\})|loop\s*\{\s*\}|return|;|\s)*+\}"
)


def defined_names(code: str, *, methods: bool = True) -> set[str]:
    """Return the names that Rust text defines outside function bodies and test modules, broken text included; without
    `methods`, those of functions in an `impl` or a trait are left out.

    A function without a body is a signature and defines nothing. Arguments of a macro that the text itself defines
    count, as they may name what it makes.
    """
    code = blank(code[:_MAX_CHARS]).code
    last_body = code.rfind("{")
    names: set[str] = set()
    macros: set[str] = set()
    item = ""  # keyword of the item whose header is being read
    opened: list[bool] = []  # for every open brace: do items inside it count?
    bodies = 0  # open braces of which they do not
    for found in _DEFINITION.finditer(code):
        if found["mark"] == "{":
            opened.append(item in (("impl", "trait", "mod", "use") if methods else ("mod", "use")))
            if not opened[-1]:
                bodies += 1
            item = ""
        elif found["mark"]:
            if found["mark"] == "}" and opened and not opened.pop():
                bodies -= 1
            item = ""
        elif bodies or (item and not found["alias"]):
            continue
        elif _TEST_ATTRIBUTE.search(code, max(0, found.start() - 200), found.start()):
            item = "test"
        elif found["holder"]:
            item = (
                "test" if (found["holder"], found["held"]) in (("mod", "test"), ("mod", "tests")) else found["holder"]
            )
            if item == "trait" and found["held"]:
                names.add(found["held"])
        elif found["macro"]:
            if found["macro"] in macros:
                names.update(_WORD.findall(found["arguments"]))
        elif found["alias"]:
            names.add(found["alias"])
        else:
            item = found["kind"]
            if item != "fn" or found.start() < last_body:
                names.add(found["name"])
            if item == "macro_rules!":
                macros.add(found["name"])
    return names


def declared_words(code: str) -> set[str]:
    """Return every name that some declaration in the text gives, wherever it stands."""
    return {found["name"] for found in _DEFINITION.finditer(code) if found["name"]}


def defines_working_function(code: str, name: str | None) -> bool:
    """Whether the text defines a function of this name (without one: any) whose body is more than `todo!()` and its
    kind."""
    code = blank(code[:_MAX_CHARS]).code
    functions = (found for found in _FUNCTION.finditer(code) if name in (None, found[1]))
    return any(_NOTHING.match(code, found.end()) is None for found in functions)
