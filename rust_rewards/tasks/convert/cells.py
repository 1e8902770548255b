"""Reads cells that hold a list or a dictionary: as such, as JSON, or as what Python prints of one. Runs nothing."""

import ast
import base64
import binascii
import io
import json
import pickle
import zlib
from collections.abc import Mapping
from typing import Any

from .task_rows import LeftOut

_UNPACKING_ERRORS = (
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
    binascii.Error,
    pickle.UnpicklingError,
    zlib.error,
)
MAX_UNPACKED = 256 << 20  # bytes of a compressed cell


def structure(value: Any, column: str) -> Any:
    """Return the list or dictionary of a cell.

    >>> structure('["a"]', "tests"), structure("['a', \\"b's\\"]", "tests"), structure(["a"], "tests")
    (['a'], ['a', "b's"], ['a'])

    Raises:
        LeftOut: When it holds none.
    """
    if value is None or value == "":
        raise LeftOut(f"nothing in {column}")
    if isinstance(value, list | dict):
        return value
    if hasattr(value, "tolist"):  # an array of numpy or pyarrow
        return value.tolist()
    if not isinstance(value, str):
        raise LeftOut(f"{column} is no list", type(value).__name__)
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(value)
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            continue
        if isinstance(found, list | tuple | dict):
            return list(found) if isinstance(found, tuple) else found
    raise LeftOut(f"{column} is no list", value.strip()[:80])


def text_list(value: Any, column: str) -> list[str]:
    """Return a cell that holds a list of texts; one text alone, with a line per entry, is such a list."""
    if isinstance(value, str) and not value.lstrip().startswith(("[", "(")):
        return [line for line in value.splitlines() if line.strip()]
    found = structure(value, column)
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise LeftOut(f"{column} is no list of texts")
    return found


def mapping(value: Any, column: str) -> Mapping[str, Any]:
    """Return a cell that holds a dictionary."""
    found = structure(value, column)
    if not isinstance(found, dict):
        raise LeftOut(f"{column} is no dictionary", type(found).__name__)
    return found


def unpacked(value: Any, column: str) -> Any:
    """Return what a cell of LiveCodeBench holds: JSON, or base64 of compressed, pickled JSON. Nothing is unpickled but
    plain text: a pickle can run code."""
    if not isinstance(value, str) or value.lstrip().startswith(("[", "{")):
        return structure(value, column)
    try:
        packed = base64.b64decode(value, validate=True)
        reader = zlib.decompressobj()
        data = reader.decompress(packed, MAX_UNPACKED)
        if reader.unconsumed_tail:
            raise LeftOut(f"{column} is larger than {MAX_UNPACKED >> 20} MiB")
        text = _TextOnly(io.BytesIO(data)).load()
    except _UNPACKING_ERRORS as err:
        raise LeftOut(f"{column} cannot be unpacked", str(err)[:80]) from err
    if not isinstance(text, str):
        raise LeftOut(f"{column} cannot be unpacked", f"it holds a {type(text).__name__}")
    return structure(text, column)


class _TextOnly(pickle.Unpickler):
    """Refuses every name in a pickle, so that only plain values come out of it."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"it names {module}.{name}")
