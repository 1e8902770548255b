"""The folders of this repository that tests read."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RECIPES = ROOT / "recipes"
TESTS = ROOT / "tests"
SUPPORT = TESTS / "support"
DATA = RECIPES / "data"
TINY = RECIPES / "tiny"
