"""Prints how large the code is, by area: `make sizes`.

Lines are those of Python files with more than five; functions count their whole body; parameters are those of a class's
constructor, without `self`. Docstring and comment lines are shares of all lines.
"""

import ast
import io
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

AREAS = {
    "product": ("function_app.py", "orchestrators", "activities", "reports", "outlast"),
    "local": ("local",),
    "tests": ("tests",),
    "bench": ("bench",),
}
HEADS = (
    "area",
    "files",
    "lines",
    "file median/max",
    "function median/p90/max",
    "parameters max",
    "docstrings",
    "comments",
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def main() -> None:
    rows = [HEADS, *(row(area, [Path(name) for name in names]) for area, names in AREAS.items())]
    widths = [max(len(cells[column]) for cells in rows) for column in range(len(HEADS))]
    for cells in rows:
        sys.stdout.write(
            "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() + "\n"
        )


def row(area: str, roots: list[Path]) -> tuple[str, ...]:
    texts = [text for text in sources(roots) if text.count("\n") > 5]
    trees = [ast.parse(text) for text in texts]
    files = [text.count("\n") for text in texts]
    functions = [length(node) for tree in trees for node in ast.walk(tree) if isinstance(node, Function)]
    parameters = max(
        of_constructor(node) for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    )
    lines = sum(files)
    return (
        area,
        str(len(files)),
        f"{lines:,}",
        f"{median(files):g} / {max(files)}",
        f"{median(functions):g} / {quantiles(functions, n=10)[-1]:g} / {max(functions)}",
        str(parameters),
        f"{100 * sum(map(docstring_lines, trees)) / lines:.1f} %",
        f"{100 * sum(map(comment_lines, texts)) / lines:.1f} %",
    )


def sources(roots: list[Path]) -> Iterator[str]:
    for root in roots:
        for path in [root] if root.is_file() else sorted(root.rglob("*.py")):
            yield path.read_text(encoding="utf-8")


def length(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def of_constructor(node: ast.ClassDef) -> int:
    """The parameters of `__init__`, or the fields of a dataclass."""
    for member in node.body:
        if isinstance(member, ast.FunctionDef) and member.name == "__init__":
            return len(member.args.args) + len(member.args.kwonlyargs) - 1
    if any("dataclass" in ast.dump(decorator) for decorator in node.decorator_list):
        return sum(isinstance(member, ast.AnnAssign) for member in node.body)
    return 0


def docstring_lines(tree: ast.Module) -> int:
    """Lines of text that stand alone: docstrings of modules, classes and functions, and those behind attributes."""
    return sum(
        length(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    )


def comment_lines(text: str) -> int:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return sum(token.type == tokenize.COMMENT and token.line.strip().startswith("#") for token in tokens)


if __name__ == "__main__":
    main()
