"""The house's own source, read once: what the rules about it are checked on."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
SKIPPED = {"var", "build", "dist", "keys", "node_modules", "__pycache__"}
"""Made, kept or installed here, and not of the repository. keys/ holds private keys where a gateway runs."""


@dataclass(frozen=True)
class Module:
    """One file, parsed when it is asked what it says."""

    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All of the tree."""
        return [*ast.walk(self.tree)]

    @property
    def name(self) -> str:
        """Dotted, as it is imported."""
        return ".".join(self.path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")

    def imported(self) -> Iterator[tuple[str, str | None, str]]:
        """Module, name in it (None for the module itself) and local name of every import."""
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield alias.name, None, alias.asname or alias.name.split(".")[0]
            elif isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    yield node.module, alias.name, alias.asname or alias.name

    def calls(self) -> Iterator[str]:
        """The dotted text of everything called, in the order written."""
        for node in self.nodes:
            if isinstance(node, ast.Call):
                yield ast.unparse(node.func)


def modules(*folders: str) -> list[Module]:
    """Every Python file under the folders."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    texts = [(path, path.read_text(encoding="utf-8")) for path in paths]
    return [Module(path, text) for path, text in texts]


def files() -> Iterator[tuple[Path, str]]:
    """Path and text of every text file of the repository, what is generated or installed left out."""
    for top in sorted(ROOT.iterdir()):
        if top.name in SKIPPED or (top.name.startswith(".") and top.is_dir() and top.name != ".ci"):
            continue
        for path in sorted([top] if top.is_file() else top.rglob("*")):
            if path.is_file() and not SKIPPED & set(path.relative_to(ROOT).parts[:-1]):
                try:
                    yield path.relative_to(ROOT), path.read_text(encoding="utf-8")
                except UnicodeDecodeError:
                    continue


GATEWAY = modules("gateway")
