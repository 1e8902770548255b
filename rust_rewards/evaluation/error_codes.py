"""Counts the compiler errors that a model makes as training goes on, from the completions that TRL logs.

With `log_completions: true` TRL writes one `completions/completions_<step>.parquet` per logging step; the rust reward
adds the columns `verdict` and `first_error` (`"E0308: mismatched types"`).
Not here: the errors of an evaluation, which count every error of a sample and not only the first.
"""

import re
from collections import Counter
from pathlib import Path

from ..extras import needing
from .results import ResultFileError

# Codes that models meet, as the index of the compiler's errors words them
# (https://doc.rust-lang.org/error_codes/error-index.html)
NAMES = {
    "E0004": "non-exhaustive patterns",
    "E0005": "refutable pattern in a binding",
    "E0015": "non-const function in a constant",
    "E0023": "wrong number of fields in a pattern",
    "E0026": "no such field in a pattern",
    "E0027": "fields missing from a pattern",
    "E0040": "destructor called by hand",
    "E0046": "trait items not implemented",
    "E0050": "parameters differ from the trait's",
    "E0053": "types differ from the trait's",
    "E0061": "wrong number of arguments",
    "E0063": "struct field missing",
    "E0069": "return without a value",
    "E0070": "left side cannot be assigned to",
    "E0072": "recursive type of infinite size",
    "E0106": "missing lifetime",
    "E0107": "wrong number of generic arguments",
    "E0117": "trait and type are both foreign",
    "E0119": "conflicting implementations",
    "E0121": "placeholder in a signature",
    "E0124": "field declared twice",
    "E0133": "unsafe code outside of unsafe",
    "E0185": "method where the trait has a function",
    "E0186": "function where the trait has a method",
    "E0191": "associated type not given",
    "E0199": "safe trait implemented as unsafe",
    "E0200": "unsafe trait implemented as safe",
    "E0201": "item defined twice in an implementation",
    "E0204": "Copy with a field that is not",
    "E0207": "type parameter not constrained",
    "E0220": "associated type not found",
    "E0223": "ambiguous associated type",
    "E0252": "two imports of the same name",
    "E0255": "import and item of the same name",
    "E0261": "undeclared lifetime",
    "E0263": "lifetime declared twice",
    "E0267": "break or continue in a closure",
    "E0268": "break or continue outside of a loop",
    "E0271": "associated type mismatch",
    "E0275": "trait requirement overflows",
    "E0276": "stricter than the trait's method",
    "E0277": "trait bound not satisfied",
    "E0282": "type annotations needed",
    "E0283": "type annotations needed (ambiguous)",
    "E0308": "mismatched types",
    "E0309": "type may not live long enough",
    "E0310": "type may not live long enough",
    "E0312": "lifetime mismatch",
    "E0317": "if without else",
    "E0364": "private item re-exported",
    "E0365": "private module re-exported",
    "E0369": "operator not implemented for the type",
    "E0370": "enum discriminant overflows",
    "E0373": "closure may outlive what it borrows",
    "E0379": "const function in a trait",
    "E0381": "possibly uninitialised variable",
    "E0382": "use of a moved value",
    "E0383": "partly moved value with a destructor",
    "E0384": "immutable variable assigned twice",
    "E0390": "method on a primitive type",
    "E0391": "cyclic definition",
    "E0392": "unused type parameter",
    "E0403": "generic parameter named twice",
    "E0404": "not a trait",
    "E0405": "trait not found",
    "E0407": "method not in the trait",
    "E0408": "variable missing in a pattern",
    "E0411": "Self outside of a type",
    "E0412": "type not found",
    "E0415": "parameter named twice",
    "E0416": "variable bound twice in a pattern",
    "E0422": "struct not found",
    "E0423": "not a function or value",
    "E0424": "self in a function without self",
    "E0425": "name not found",
    "E0426": "undeclared label",
    "E0428": "name defined twice",
    "E0429": "use of self alone",
    "E0432": "unresolved import",
    "E0433": "undeclared module, crate or type",
    "E0434": "function captures a variable",
    "E0435": "non-constant value in a constant",
    "E0437": "type not in the trait",
    "E0446": "private type in a public interface",
    "E0449": "visibility where none is allowed",
    "E0451": "private field",
    "E0463": "crate not found",
    "E0499": "borrowed as mutable twice",
    "E0500": "closure borrows what is borrowed",
    "E0501": "borrowed in a closure",
    "E0502": "borrowed as mutable and immutable",
    "E0503": "use of a borrowed value",
    "E0505": "move out of a borrowed value",
    "E0506": "assignment to a borrowed value",
    "E0507": "move out of a reference",
    "E0508": "move out of an array",
    "E0509": "move out of a type with a destructor",
    "E0515": "reference to a local returned",
    "E0516": "typeof is reserved",
    "E0520": "specialisation of an item",
    "E0521": "borrowed data escapes",
    "E0525": "closure implements another trait",
    "E0527": "wrong number of array elements in a pattern",
    "E0529": "slice pattern for no slice",
    "E0530": "binding shadows an item",
    "E0531": "pattern not found",
    "E0532": "pattern of another kind",
    "E0559": "no such field in a variant",
    "E0560": "no such struct field",
    "E0562": "impl Trait where it is not allowed",
    "E0565": "literal in an attribute",
    "E0571": "break with a value in this loop",
    "E0572": "return outside of a function",
    "E0583": "file of a module not found",
    "E0593": "closure with other parameters",
    "E0594": "assignment to an immutable value",
    "E0596": "borrow of an immutable value as mutable",
    "E0597": "value does not live long enough",
    "E0599": "no such method or associated item",
    "E0600": "operator not implemented for the type",
    "E0603": "private item",
    "E0604": "cast to char of no u8",
    "E0605": "invalid cast",
    "E0606": "cast between incompatible types",
    "E0607": "cast of a thin pointer to a wide one",
    "E0608": "type cannot be indexed",
    "E0609": "no such field",
    "E0610": "field of a primitive type",
    "E0614": "dereference of no reference",
    "E0615": "method taken for a field",
    "E0616": "private field",
    "E0617": "wrong type for a variadic function",
    "E0618": "call of what is no function",
    "E0620": "cast to an unsized type",
    "E0621": "lifetime of a parameter not named",
    "E0623": "lifetime mismatch",
    "E0624": "private method",
    "E0635": "unknown feature",
    "E0658": "unstable feature",
    "E0689": "method of an ambiguous number",
    "E0700": "hidden type captures a lifetime",
    "E0703": "invalid ABI",
    "E0716": "temporary dropped while borrowed",
    "E0728": "await outside of async",
    "E0744": "await in a constant",
    "E0746": "return type of unknown size",
    "E0748": "raw string not ended",
    "E0758": "comment not ended",
    "E0762": "character not ended",
    "E0763": "byte not ended",
    "E0765": "string not ended",
    "E0766": "byte string not ended",
    "E0768": "number without digits",
    "E0764": "mutable reference in a constant",
    "E0782": "trait without dyn",
}

CODE = re.compile(r"^(E\d{4})\b")
CURVES = 6  # codes that get a curve of their own
COLUMNS = ["step", "first_error"]


def named(code: str) -> str:
    """Return a code with the name of its error, where it is known.

    >>> named("E0308"), named("syntax"), named("E9999")
    ('E0308 mismatched types', 'syntax', 'E9999')
    """
    return f"{code} {NAMES[code]}" if code in NAMES else code


def codes_over_time(folder: Path) -> dict[str, tuple[list[float], list[float]]]:
    """Return for each of the most frequent codes the steps and its share of that step's completions.

    Args:
        folder (`Path`): The `completions` folder of a run. It may be missing.

    Returns:
        `dict`: Code -> (steps, shares in `0..1`), most frequent first; `"syntax"` are errors without a code. Empty when
        nothing was logged or the rust reward was not used.

    Raises:
        ResultFileError: When a file cannot be read.
    """
    per_step = [step for path in sorted(folder.glob("completions_*.parquet")) if (step := _read(path))]
    totals: Counter[str] = Counter()
    for _, _, counts in per_step:
        totals.update(counts)
    steps = [float(step) for step, _, _ in per_step]
    return {
        code: (steps, [counts[code] / completions for _, completions, counts in per_step])
        for code, _ in totals.most_common(CURVES)
    }


def _read(path: Path) -> tuple[int, int, Counter[str]] | None:
    """Return a file's step, its number of completions and how many have each code first; `None` without the column."""
    with needing("train", "Reading logged completions"):
        import pyarrow
        import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(path)
    except (OSError, pyarrow.ArrowException) as err:
        raise ResultFileError(f"Cannot read {path}: {err}. Delete the file if a run was killed writing it.") from err
    if not set(COLUMNS) <= set(table.column_names) or not table.num_rows:
        return None
    errors = table["first_error"].to_pylist()
    counts = Counter(_code(error) for error in errors if error)
    return int(table["step"][0].as_py()), len(errors), counts


def _code(error: str) -> str:
    found = CODE.match(error)
    return found[1] if found else "syntax"
