"""The tree's one rule: a module imports what is below its level, never above, never a neighbour of its own level."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "likebut"
LEVELS = {
    **dict.fromkeys(["errors"], -1),
    **dict.fromkeys(["types"], 0),
    **dict.fromkeys(["registry", "checkpoints", "images"], 1),
    **dict.fromkeys(["sketches", "segmenters"], 1.5),
    **dict.fromkeys(["encoders", "stores", "datasets", "metrics"], 2),
    **dict.fromkeys(["composers", "indexing"], 3),
    **dict.fromkeys(["engine"], 4),
    **dict.fromkeys(["benchmarks", "training", "report"], 5),
    **dict.fromkeys(["integrations"], 5.5),
    **dict.fromkeys(["cli"], 6),
}


def imported(source: str) -> set[str]:
    """The parts of likebut that a source text imports, at its top or inside functions."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the direction"
            names = [node.module or ""]
            if node.module == "likebut":
                names = [f"likebut.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("likebut.")}
    return found - {"__version__"}


def upward(part: str, source: str) -> list[str]:
    return sorted(other for other in imported(source) if other != part and LEVELS[other] >= LEVELS[part])


def parts() -> list[tuple[str, Path]]:
    files = [path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"]
    return [(path.relative_to(PACKAGE).parts[0].removesuffix(".py"), path) for path in files]


@pytest.mark.parametrize("part, path", parts(), ids=lambda value: str(value).removeprefix(str(PACKAGE)))
def test_imports_point_down(part: str, path: Path) -> None:
    assert part in LEVELS, f"{part} has no level; give it one above, and draw it in the design"
    assert upward(part, path.read_text()) == []


def test_an_upward_arrow_is_seen() -> None:
    assert upward("metrics", "def f():\n    from likebut.benchmarks import run\n") == ["benchmarks"]
    assert upward("stores", "import likebut.encoders.base\n") == ["encoders"]
    assert upward("engine", "from likebut.composers import COMPOSERS\n") == []
