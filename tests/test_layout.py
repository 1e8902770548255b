"""The order of the house, read from the source: who may import whom, and what an import may do.

Every import statement counts, those inside functions included. The rules are those of CONTRIBUTING.md, "Layout".
"""

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from paths import RECIPES, ROOT

# rust_rewards from the ground up. A module imports its own room and the floors below, no neighbour and no floor above.
FLOORS = (
    ("callables", "extras", "json_lines", "locks", "progress", "suggestions", "version", "whole_files"),
    ("sqlite_file",),
    ("syntax",),
    ("markdown", "verifier", "ast_metrics"),
    ("completions", "scoring", "exit_codes"),
    ("continuation",),
    ("rows",),
    ("batches",),
    ("rewards", "judge", "tasks"),
    ("whole_rows",),
    ("reward_names",),
    ("evaluation",),
    ("commands",),
    ("__main__",),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
# Packages from elsewhere that a room may import when it is loaded; all others are imported where they are used
LOADED_PACKAGES = {
    "syntax": {"tree_sitter", "tree_sitter_rust"},
    "judge": {"tree_sitter"},
    "tasks": {"tree_sitter"},
    "verifier": {"tree_sitter"},
}
ALLOWED_IN_RECIPES = {
    "scripts": {"launch", "experiments", "rust_rewards", "trainers"},
    "experiments": {"experiments", "launch", "rust_rewards", "trainers"},
    "launch": {"launch", "rust_rewards", "trainers"},
}
HEAVY = (
    "torch",
    "trl",
    "transformers",
    "datasets",
    "accelerate",
    "peft",
    "wandb",
    "numpy",
    "pandas",
    "matplotlib",
    "openai",
)


def module_name(path: Path) -> str:
    """Return the name under which a file is imported: scripts and their packages have their own folder on the path."""
    inside = path.relative_to(ROOT).with_suffix("").parts
    if inside[0] == "recipes":
        inside = inside[1:] if (RECIPES / inside[1] / "__init__.py").exists() else inside[-1:]
    return ".".join(inside).removesuffix(".__init__")


def source_files() -> dict[str, Path]:
    """Return every module of the packages and the recipes under its name."""
    paths = [path for folder in ("rust_rewards", "trainers", "recipes") for path in (ROOT / folder).rglob("*.py")]
    named = {module_name(path): path for path in paths}
    assert len(named) == len(paths), "two files have the same name"
    return named


FILES = source_files()
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}
SCRIPTS = {module_name(path) for path in RECIPES.glob("*.py")}


def imported_names(module: str, nodes: list[ast.AST]) -> list[str]:
    """Return the absolute dotted names that import statements name, `from a import b` as `a.b`."""
    package = module if FILES[module].name == "__init__.py" else module.rpartition(".")[0]
    names = []
    for node in nodes:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            start = ".".join([*above, *([node.module] if node.module else [])])
            names += [f"{start}.{alias.name}" for alias in node.names]
    return names


def our_module(name: str) -> str | None:
    """Return the module of ours that holds a dotted name, `None` for a name from elsewhere."""
    while name and name not in FILES:
        name = name.rpartition(".")[0]
    return name or None


def arrows() -> dict[str, set[str]]:
    """Return for every module those of ours that it imports anywhere."""
    found: dict[str, set[str]] = {}
    for module, tree in TREES.items():
        targets = {our_module(name) for name in imported_names(module, list(ast.walk(tree)))}
        found[module] = {target for target in targets if target and target != module}
    return found


ARROWS = arrows()


def in_package(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def room(module: str) -> str:
    """Return the room of a module of rust_rewards: the first name below the package, empty for the package itself."""
    return module.removeprefix("rust_rewards").removeprefix(".").partition(".")[0]


def offences(*, origin: str, target: str) -> list[str]:
    """Return the arrows from one package to another, as text."""
    return [
        f"{module} imports {other}"
        for module, others in sorted(ARROWS.items())
        for other in sorted(others)
        if in_package(module, origin) and in_package(other, target)
    ]


def test_the_source_is_found_and_read():
    assert {"rust_rewards.rewards", "trainers.maxrl_trainer", "launch.arguments", "grpo", "language"} <= FILES.keys()
    assert "rust_rewards.scoring" in ARROWS["rust_rewards.rewards"]  # relative
    assert "rust_rewards.verifier" in ARROWS["rust_rewards"]
    assert "launch.arguments" in ARROWS["grpo"]  # absolute, from the folder of the scripts


def test_no_import_cycle():
    try:
        list(TopologicalSorter(ARROWS).static_order())
    except CycleError as err:
        pytest.fail(" -> ".join(err.args[1]))


def test_every_module_of_rust_rewards_has_a_floor():
    assert {room(module) for module in FILES if in_package(module, "rust_rewards")} - {""} == set(FLOOR)


def test_rust_rewards_imports_downwards_only():
    wrong = [
        f"{module} imports {other}"
        for module, others in sorted(ARROWS.items())
        for other in sorted(others)
        if in_package(module, "rust_rewards") and module != "rust_rewards"
        if in_package(other, "rust_rewards") and room(module) != room(other)
        if room(other) == "" or FLOOR[room(other)] >= FLOOR[room(module)]
    ]
    assert not wrong


def test_the_package_itself_offers_rewards_and_not_commands():
    rooms = {room(other) for other in ARROWS["rust_rewards"]}
    assert rooms <= {"ast_metrics", "completions", "judge", "rewards", "scoring", "verifier", "version"}


def test_trainers_know_nothing_of_rust_rewards_or_recipes():
    others = [other for module in FILES if in_package(module, "trainers") for other in ARROWS[module]]
    assert others
    assert not [other for other in others if not in_package(other, "trainers")]


def test_rust_rewards_reads_the_training_log_in_its_commands_and_nothing_else_of_trainers():
    wrong = [
        arrow
        for arrow in offences(origin="rust_rewards", target="trainers")
        if not (arrow.startswith("rust_rewards.commands.") and arrow.endswith(" imports trainers.training_log"))
    ]
    assert not wrong


def test_packages_know_no_recipe():
    recipes = {name for name in FILES if not in_package(name, "rust_rewards") and not in_package(name, "trainers")}
    wrong = {module: others & recipes for module, others in ARROWS.items() if module not in recipes}
    assert not [module for module, others in wrong.items() if others]


def test_nothing_imports_a_script():
    wrong = [f"{module} imports {other}" for module, others in ARROWS.items() for other in others & SCRIPTS]
    assert not wrong


@pytest.mark.parametrize("module", sorted(SCRIPTS))
def test_a_file_of_the_recipes_folder_is_a_script(module):
    guards = [
        node
        for node in TREES[module].body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"
    ]
    assert len(guards) == 1


def test_recipes_import_downwards_only():
    wrong = []
    for module in sorted(FILES):
        kind = "scripts" if module in SCRIPTS else module.partition(".")[0]
        allowed = ALLOWED_IN_RECIPES.get(kind)
        if allowed is not None:
            wrong += [f"{module} imports {other}" for other in ARROWS[module] if other.partition(".")[0] not in allowed]
    assert not wrong


def test_there_is_no_drawer_for_odds_and_ends():
    assert not [name for name in FILES if name.rpartition(".")[2] in ("utils", "util", "helpers", "misc", "common")]


def test_rust_rewards_loads_light_packages_only():
    wrong = []
    for module, tree in TREES.items():
        if in_package(module, "rust_rewards"):
            packages = {name.partition(".")[0] for name in imported_names(module, run_at_import(tree))}
            foreign = packages - sys.stdlib_module_names - {"rust_rewards", "trainers"}
            wrong += [f"{module} loads {name}" for name in foreign - LOADED_PACKAGES.get(room(module), set())]
    assert not wrong


def run_at_import(tree: ast.AST) -> list[ast.AST]:
    """Return the import statements that run when a module is loaded: neither those of functions nor those for types."""
    statements: list[ast.AST] = []
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.Import | ast.ImportFrom):
            statements.append(child)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        elif not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            statements += run_at_import(child)
    return statements


WATCHED_IMPORT = """
import importlib, os, sys
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
def refuse(event, args):
    if event.startswith(("subprocess.", "os.exec", "os.posix_spawn", "os.fork", "os.system", "socket.")):
        raise RuntimeError(f"{event} {args}")
    if event == "open" and args[2] & WRITES:
        raise RuntimeError(f"{args[0]} is opened for writing")
sys.addaudithook(refuse)
importlib.import_module(sys.argv[1])
print(*set(sys.argv[2:]) & set(sys.modules))
"""


@pytest.mark.parametrize(
    "module",
    ["rust_rewards", "rust_rewards.judge", "rust_rewards.tasks", "rust_rewards.__main__", "trainers.training_log"],
)
def test_an_import_starts_nothing_writes_nothing_and_loads_no_torch(module):
    command = [sys.executable, "-B", "-c", WATCHED_IMPORT, module, *HEAVY]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env={"PATH": ""}, timeout=120)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []
