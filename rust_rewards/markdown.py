"""Reads a completion as Markdown with the tags of reasoning models: its blocks and the text between them, in order.

It is the half of `completions` that knows Markdown and nothing of entry points. One pass, linear in the text: at most
`MAX_MARKS` marks are looked at, and `MAX_LOOKAHEADS` times a block is lexed ahead.

Rust has no backtick and no closing tag outside its strings and comments. So inside a Rust block such a mark is code
where it stands in a string or comment, and ends the block everywhere else, wherever on its line it stands.

Not covered: code indented instead of fenced, prose around code without fences, HTML's escapes, and tags in a comment
of several lines of code without fences.
"""

import re
from dataclasses import dataclass, field

from .syntax.lexer import blank, scan

MAX_SOURCE_CHARS = 256 * 1024  # far above any completion; more is noise that nobody need read
MAX_MARKS = 10_000  # fences and tags
MAX_LOOKAHEADS = 32
LOOKAHEAD_CHARS = 64 * 1024
LINE_START_CHARS = 300  # a line is looked at so far back, and an info string so far ahead

RUST = "rust"
_RUST_TAG = re.compile(r"(?:lang(?:uage)?-)?(?:rs|rust(?:[-_]?(?:lang|\d{4}))?)|(?:\S*[/\\])?[\w-]+\.rs", re.IGNORECASE)
_WRAPPERS = frozenset({"markdown", "md", "mdx", "text", "txt", "plaintext", "plain"})
_INFO = re.compile(r"[\s{.]*(?:title=|filename=)?[\"']?([\w+#./\\-]*)[\"':}]?(?:,[\w=,]*)?")

INVISIBLE = "\ufeff\u200b\u2060"
# Every alternative begins with a literal, which makes the search several times faster.
_MARK = re.compile(
    r"```+|~~~+|</?(?:think(?:ing)?|thought|reasoning|answer|final_answer|solution|code|pre|details"
    r"|tool_(?:calls?|code|response)|function_calls?)(?:\s[^<>\n]{0,200})?>"
    r"|\[/?think\]|<!--|-->|<\|\w{1,40}\|>|</s>|\[TOOL_CALLS\]"
    r"|<(?:start|end)_of_turn>|<\uff5c[^<>\n]{1,40}\uff5c>|\[INST\]"
    r"|\n### (?:instruction|user|human):|\n\n(?:human|user): ",
    re.IGNORECASE,
)
# What ends the turn of whoever writes, in the templates of ChatML (Qwen), Llama, Mistral, Gemma, Phi, Cohere, DeepSeek
# and gpt-oss, or begins that of another. gpt-oss ends every channel.
_TURN = re.compile(
    r"<\|(?:im_end|endoftext|eot_id|eom_id|end_of_text|end_of_turn(?:_token)?|return|call)\|>|</s>|<end_of_turn>"
    r"|<\|end\|>(?!\s*(?:<\|start\|>\s*assistant|<\|channel\|>|<\|assistant\|>\s*\Z))"
    r"|<\|(?:im_start|start_header_id|start)\|>(?!\s*assistant)|<\|(?:user|system|human|observation|user_token)\|>"
    r"|<start_of_turn>(?!\s*model)|<\uff5c(?:user|end\u2581of\u2581sentence)\uff5c>|\[INST\]",
    re.IGNORECASE,
)
_TAG_NAME = re.compile(r"\w+")
_BEFORE_FENCE = re.compile(rf"(?:[ \t>{INVISIBLE}]|[-*+] |\d{{1,9}}[.)] |<[^<>\n]{{1,40}}>)*+")
_COMMENT_START = re.compile(r"(?<!:)//")
_CODE = re.compile(
    r"""^[ \t]*+(?:
        (?:pub(?:\([^)\n]{1,40}\))?[ ]|async[ ]|const[ ]|unsafe[ ]|extern[ ](?:"\w*"[ ])?)*+fn[ ]+\w++\s*+[<(]
      | (?:pub(?:\([^)\n]{1,40}\))?[ ]|unsafe[ ])*+(?:
            (?:struct|enum|union|trait)[ ]+[A-Z]\w*+\s*+[<({;:]
          | (?:const|static)[ ]+(?:mut[ ]+)?\w++\s*+:
          | type[ ]+\w++[^\n=]{0,200}=
          | mod[ ]+\w++\s*+[{;]
          | use[ ]+[\w{:][^\n;]{0,500};
          | impl\b[^\n{]{1,200}\{ )
      | macro_rules!
      | let[ ]+(?:mut[ ]+)?[\w(][^\n=]{0,200}=[^\n]{1,500};
      | [a-z_]{1,30}![(\[{]
      | \#!?\[\w )""",
    re.MULTILINE | re.VERBOSE,
)

THINKING, ANSWER, DETAILS, COMMENT = "thinking", "answer", "details", "comment"
TOOL_CALL, LATER = "tool call", "later"
NEVER_THE_ANSWER = frozenset({THINKING, COMMENT, TOOL_CALL, LATER})
_SECTIONS = {
    **dict.fromkeys(("tool_call", "tool_calls", "tool_code", "tool_response"), TOOL_CALL),
    **dict.fromkeys(("function_call", "function_calls"), TOOL_CALL),
    **dict.fromkeys(("think", "thinking", "thought", "reasoning"), THINKING),
    **dict.fromkeys(("answer", "final_answer", "solution", "code"), ANSWER),
    "details": DETAILS,
}


@dataclass(slots=True)
class Part:
    """A piece of a completion: a block, or the text between two marks.

    Attributes:
        language (`str`, *optional*): `"rust"`, another tag in lower case, or `""` without one; `None` for text. The
            beginning of a `markdown` or `text` block is a part without text of its own.
        text (`str`): What it holds, without fences and tags.
        complete (`bool`): Its end was there. Text is always complete.
        sections (`set[str]`): Sections it stands in, of `"thinking"`, `"answer"`, `"details"`, `"comment"` and
            `"tool call"`; `"later"` for what follows the end of the turn. Details count only where they close.
        fenced (`bool`): It began with a fence.
    """

    language: str | None
    text: str
    complete: bool = True
    sections: set[str] = field(default_factory=set)
    fenced: bool = False

    @property
    def may_answer(self) -> bool:
        """Whether it stands where an answer may stand."""
        return self.sections.isdisjoint(NEVER_THE_ANSWER)

    @property
    def is_hidden(self) -> bool:
        """Whether a reader of the rendered text sees it only after a click."""
        return DETAILS in self.sections


@dataclass(slots=True)
class _Open:
    """A block whose end has not been seen: its language, where its text starts, its fence, what stood before that."""

    language: str
    start: int
    fence: str
    before: str
    literals_to: int = 0  # marks before this position stand in strings and comments

    @property
    def may_be_rust(self) -> bool:
        return self.language in (RUST, "")


def read_markdown(text: str) -> list[Part]:
    """Return the blocks of a completion and the text between them, in order."""
    return _Reader(text).read()


def looks_like_rust(text: str) -> bool:
    """Whether some line of the text begins like a Rust item or statement."""
    return _CODE.search(text, 0, MAX_SOURCE_CHARS) is not None


class _Reader:
    """One pass over one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.parts: list[Part] = []
        self.block: _Open | None = None
        self.wrappers: list[tuple[str, int]] = []  # fence, and the first part inside
        self.sections: dict[str, int] = {}  # the first part inside
        self.position = 0  # all before this is in `parts` or the open block
        self.lookaheads = MAX_LOOKAHEADS
        self.seen_thinking = False
        self.bare_so_far = True
        self.later = ""  # what follows the end of the turn

    def read(self) -> list[Part]:
        searched = marks = 0
        while marks < MAX_MARKS and not self.later and (mark := _MARK.search(self.text, searched)):
            marks += 1
            searched = max(mark.end(), self._read_mark(mark))
        if self.block is not None:
            self._end_block(len(self.text), len(self.text), complete=False)
        self._add_text(len(self.text))
        if self.wrappers:
            self._make_block(self.wrappers[0][1], complete=False)
        for section in (ANSWER, *sorted(NEVER_THE_ANSWER)):
            if section in self.sections:
                self._close_section(section, complete=False)
        if self.later:
            self.parts.append(Part(None, self.later, sections={LATER}))
        return self.parts

    def _read_mark(self, mark: re.Match[str]) -> int:
        """Read one mark; return how far the search may go on from at least."""
        is_fence = mark[0][0] in "`~"
        before = self._before(mark.start())
        if self.block is None:
            if is_fence:
                self._read_fence(mark, before)
            elif self._ends_turn(mark, before):
                self._end_turn(mark)
            else:
                since_mark = before[max(0, len(before) - (mark.start() - self.position)) :]
                if not _is_code(mark[0], since_mark, self._info(mark), closes=self._closes(mark[0])):
                    self._read_tag(mark)
        elif mark.start() >= self.block.literals_to:
            if is_fence:
                self._read_fence_in_block(mark, before)
            elif self._ends_block(mark, before):
                self._end_block(mark.start(), mark.start(), complete=False)
                if self._ends_turn(mark, before):
                    self._end_turn(mark)
                else:
                    self._read_tag(mark)
        return self.position

    def _ends_turn(self, mark: re.Match[str], before: str) -> bool:
        """Whether a mark outside blocks ends the turn in which something was said, or begins that of somebody else."""
        if mark[0][0] == "\n":  # plain words: only behind a block
            return any(part.language == RUST and part.may_answer for part in self.parts) and not self.sections
        if _TURN.match(self.text, mark.start()) is None or (mark[0][0] == "[" and before.strip()):
            return False
        if self.block is None and _is_quoted(before, self._info(mark)):
            return False
        return bool(self.text[self.position : mark.start()].strip()) or any(part.text.strip() for part in self.parts)

    def _end_turn(self, mark: re.Match[str]) -> None:
        self._add_text(mark.start())
        self.text, self.later = self.text[: mark.start()], self.text[mark.start() :]

    def _before(self, at: int) -> str:
        """Return what stands before a position on its line."""
        earliest = max(0, at - LINE_START_CHARS)
        return self.text[self.text.rfind("\n", earliest, at) + 1 or earliest : at]

    def _info(self, mark: re.Match[str]) -> str:
        """Return what stands behind a fence on its line."""
        end = self.text.find("\n", mark.end(), mark.end() + LINE_START_CHARS)
        return self.text[mark.end() : end if end >= 0 else mark.end() + LINE_START_CHARS]

    # Outside blocks

    def _read_fence(self, mark: re.Match[str], before: str) -> None:
        info = self._info(mark)
        language, rest = _language(info)
        starts_line = _BEFORE_FENCE.fullmatch(before) is not None
        if self.wrappers and starts_line and _is_bare(info) and mark[0].startswith(self.wrappers[-1][0]):
            self._add_text(mark.start())
            self._make_block(self.wrappers.pop()[1], complete=True)
            self.position = mark.end()
        elif _is_bare(info) and self._closes_bare_code(mark):
            self.position = mark.end()
        elif self._opens(mark, starts_line, info, language, rest):
            self._open(mark, language, rest, before if starts_line else "")

    def _opens(self, mark: re.Match[str], starts_line: bool, info: str, language: str, rest: str) -> bool:
        """Whether a fence outside blocks opens one; else it belongs to a code span, or to the prose."""
        has_code = language == RUST and looks_like_rust(rest)
        if mark[0][0] == "~":
            return starts_line
        if "`" in info:
            return has_code
        is_tag = not rest.strip() and (language != "" or not info.strip())
        return starts_line or has_code or is_tag

    def _open(self, mark: re.Match[str], language: str, rest: str, before: str) -> None:
        self._add_text(mark.start())
        self.bare_so_far = False
        line_end = self.text.find("\n", mark.end())
        start = line_end + 1 if line_end >= 0 else len(self.text)
        if language == RUST and looks_like_rust(rest):  # code begins behind the tag
            start = mark.end() + len(self._info(mark)) - len(rest)
        if language in _WRAPPERS:
            self.parts.append(Part(language, "", complete=False, fenced=True))
            self.wrappers.append((mark[0], len(self.parts)))
        else:
            self.block = _Open(language, start, mark[0], before)
        self.position = start

    def _closes_bare_code(self, mark: re.Match[str]) -> bool:
        """Whether a first fence closes the code before it: a model that was to write code wrote no opening one."""
        if not self.bare_so_far:
            return False
        self.bare_so_far = False
        lead = self._may_answer() + self.text[self.position : mark.start()]
        behind = _MARK.search(self.text, mark.end())
        more = self.text[mark.end() : behind.start() if behind else len(self.text)]
        if not lead.rstrip().endswith(("}", ";")) or looks_like_rust(more):
            return False
        self._add_text(mark.start())
        return self._make_block(0, complete=True)

    def _may_answer(self) -> str:
        return "".join(part.text for part in self.parts if part.may_answer)

    def _add_text(self, end: int) -> None:
        if self.block is None and end > self.position:
            self.parts.append(Part(None, self.text[self.position : end]))
            self.position = end

    def _make_block(self, since: int, *, complete: bool) -> bool:
        """Turn the text since a part into a block without language, if it is Rust and has no block beside it."""
        inside = [part for part in self.parts[since:] if part.may_answer]
        text = "".join(part.text for part in inside).lstrip("\n")
        if any(part.language is not None for part in inside) or not looks_like_rust(text):
            return False
        self.parts[since:] = [part for part in self.parts[since:] if not part.may_answer]
        self.parts.append(Part("", text, complete))
        self.sections = {section: min(first, len(self.parts) - 1) for section, first in self.sections.items()}
        return True

    def _read_tag(self, mark: re.Match[str]) -> None:
        tag = mark[0].lower()
        if tag[0] == "\n":
            return
        name = _TAG_NAME.search(tag)
        section = COMMENT if name is None else _SECTIONS.get(name[0])
        self._add_text(mark.start())
        self.position = mark.end()
        if section is not None and tag[1] in "/-":
            self._close_section(section, complete=True)
        elif section is not None:
            self.sections.setdefault(section, len(self.parts))
        self.seen_thinking |= section == THINKING

    def _close_section(self, section: str, *, complete: bool) -> None:
        since = self.sections.pop(section, None)
        if since is None and section == THINKING and not self.seen_thinking:
            since = 0  # the chat template began it
        if since is None:
            return
        if section == ANSWER:
            self._make_block(since, complete=complete)
        for part in self.parts[since:]:
            part.sections.add(section)
        self.wrappers = [wrapper for wrapper in self.wrappers if wrapper[1] < since]

    def _closes(self, tag: str) -> bool:
        """Whether a tag closes a section that is open."""
        name = _TAG_NAME.search(tag)
        return tag[1] == "/" and name is not None and _SECTIONS.get(name[0].lower()) in self.sections

    # Inside a block

    def _read_fence_in_block(self, mark: re.Match[str], before: str) -> None:
        assert self.block is not None
        block, info = self.block, self._info(mark)
        if not mark[0].startswith(block.fence):
            return
        starts_line = _BEFORE_FENCE.fullmatch(before) is not None
        language, rest = _language(info)
        is_bare, names_rust = _is_bare(info), language == RUST
        if not starts_line:
            may_close = block.language == RUST or (block.language == "" and is_bare)
            closes = may_close and not self._in_literal(block, mark.start(), before)
        elif is_bare or names_rust or block.language == RUST:
            closes = not block.may_be_rust or not self._literal_goes_on(block, mark.start())
        else:
            closes = False
        if not closes:
            return
        opens_another = starts_line and not is_bare and (names_rust or not info[0].isspace())
        self._end_block(mark.start(), mark.start() if opens_another else mark.end(), complete=not opens_another)
        if opens_another:
            self._open(mark, language, rest, before)

    def _ends_block(self, mark: re.Match[str], before: str) -> bool:
        """Whether a tag inside the open block ends it."""
        assert self.block is not None
        is_end = mark[0].startswith(("</", "<|", "[/", "<end", "<start", "<\uff5c", "\n")) or (
            mark[0] == "-->" and COMMENT in self.sections
        )
        if not is_end:
            return False
        if self.block.may_be_rust:
            return not self._in_literal(self.block, mark.start(), before)
        return not before.strip()

    def _in_literal(self, block: _Open, at: int, before: str) -> bool:
        """Whether a position of the open block stands in a string or comment; yes where that would take too long."""
        if _COMMENT_START.search(before):
            return True
        if self.lookaheads <= 0 or at - block.start > LOOKAHEAD_CHARS:
            return True
        self.lookaheads -= 1
        return _is_open(self.text[block.start : at])

    def _literal_goes_on(self, block: _Open, at: int) -> bool:
        """Whether a fence at the start of a line stands in a string or comment that ends before the block does."""
        body = self.text[block.start : at]
        if ('"' not in body and "/*" not in body) or not _is_open(body) or self.lookaheads <= 0:
            return False
        self.lookaheads -= 1
        ahead = self.text[block.start : at + LOOKAHEAD_CHARS]
        code = blank(ahead).code
        for fence in _MARK.finditer(ahead, len(body)):
            if code[fence.start()] != block.fence[0] or not fence[0].startswith(block.fence):
                continue
            whole = scan(ahead[: fence.start()])
            if not ahead[fence.end() :].partition("\n")[0].strip() and whole.plain and whole.unbalanced is None:
                block.literals_to = block.start + fence.start()
                return True
            return False
        return False

    def _end_block(self, end: int, position: int, *, complete: bool) -> None:
        assert self.block is not None
        text = _without_container(self.text[self.block.start : end], self.block.before)
        self.parts.append(Part(self.block.language, text, complete, fenced=True))
        self.block = None
        self.position = position


def _language(info: str) -> tuple[str, str]:
    """Return the language that an info string names, and what stands behind it."""
    found = _INFO.match(info)
    tag = found[1].lower() if found else ""
    return RUST if _RUST_TAG.fullmatch(tag) else tag, info[found.end() :] if found else info


def _is_bare(info: str) -> bool:
    """Whether nothing stands behind a fence but perhaps a tag."""
    return not info.strip() or info.lstrip()[0] == "<"


def _is_open(code: str) -> bool:
    """Whether a string or comment is open at the end of Rust text."""
    return blank(code + ";").code[-1] != ";"


def _is_code(tag: str, before: str, behind: str, *, closes: bool) -> bool:
    """Whether what looks like a tag outside blocks is code, as far as its line tells.

    It stands in a string or code span there, or in a comment (unless it closes a section, of which the line may be
    prose), or it is the generic argument of a name, such as `Vec<answer>`.
    """
    if not closes and (_COMMENT_START.search(before) or before.rfind("/*") > before.rfind("*/")):
        return True
    if _is_quoted(before, behind):
        return True
    follows_name = before[-1:].isascii() and (before[-1:].isalnum() or before[-1:] in ("_", ":"))
    return tag[1].isalpha() and follows_name and behind[:1] not in ("", "`", "<")


def _is_quoted(before: str, behind: str) -> bool:
    """Whether what stands between two pieces of a line is in a string or code span, as far as the line tells."""
    return any(before.count(quote) % 2 == 1 and quote in behind for quote in ('"', "`"))


def _without_container(text: str, before: str) -> str:
    """Return the text of a block without what its list item or quotation puts before each of its lines."""
    before = before.strip(INVISIBLE)
    if "<" in before:
        return text
    if ">" in before:
        return re.sub(rf"^(?:[ ]{{0,3}}> ?){{1,{before.count('>')}}}", "", text, flags=re.MULTILINE)
    if before:
        return re.sub(rf"^[ \t]{{1,{len(before)}}}", "", text, flags=re.MULTILINE)
    return text
