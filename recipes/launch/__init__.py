"""Holds what the training scripts share: arguments, models, datasets, checkpoints, messages.

Without the packages that train, a script ends here with one line, before it imports any of them.
"""

import sys

from rust_rewards.exit_codes import UNUSABLE
from rust_rewards.extras import explain, missing_packages

_MISSING = [name for name in ("trl", "torch") if name in missing_packages("train")]  # trl brings the others it needs
if _MISSING:
    print(f"error: {explain('Training', ', '.join(_MISSING), 'train')}", file=sys.stderr, flush=True)
    raise SystemExit(UNUSABLE)
