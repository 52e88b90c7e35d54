#!/usr/bin/env python3
"""Checks what a compiler does not: the module graph, sizes, purposes, and words that mislead.

Usage: tools/tidy.py [ROOT]
Prints one line for each finding, as file:line: what is wrong, and exits with 1 if there is any.
"""

import functools
import pathlib
import re
import sys

COLUMNS_MAX = 100
FILE_LINES_MAX = 600
MODULE_README_LINES_MAX = 20
PAGE_LINES_MAX = {"README.md": 100, "ARCHITECTURE.md": 200}

# Modules on the path of a query: foreign input there comes back as a value, never as an exception.
NEVER_THROWS = {"base", "dns", "zone", "dnssec", "steer", "answer", "shield", "serve", "tls",
                "xdp"}
MISLEADING = {
    "FIXME": "finish it, or open an issue",
    "using namespace std;": "name what you use",
    "std::shared_mutex": "readers here never lock; see base/quiescence.h",
    "std::this_thread::sleep": "wait for an event with a deadline",
    "std::chrono::system_clock::now": "take the time as a parameter; see base/clock.h",
}
SIDE_FILE = re.compile(r"(_(test|fuzz|bench)\.cc|_fixture\.h)$")
TODO_WITHOUT_ISSUE = re.compile(r"\bTODO\b(?!\(#\d+\))")
INCLUDE = re.compile(r'#include "([\w/]+)/')
MODULE = re.compile(r"^nearcast_module\((\w+)([^)]*)\)", re.MULTILINE)


def module_graph(root):
    """What each module may include, itself and everything below it, from CMakeLists.txt."""
    direct = {}
    for name, arguments in MODULE.findall((root / "CMakeLists.txt").read_text()):
        depends = re.search(r"\bDEPENDS\s+((?:(?!LIBRARIES|TEST_UNDER)\w+\s*)+)", arguments)
        direct[name] = depends.group(1).split() if depends else []

    @functools.cache
    def below(name):
        return frozenset({name}).union(*(below(other) for other in direct[name]))

    return {name: below(name) for name in direct}


def folder_of(name):
    """A module a_b lies in src/a/b."""
    return name.replace("_", "/")


def module_of(folder, graph):
    """The module that has files in this folder below src/: the deepest, or the folder's own name."""
    names = ["_".join(folder[:depth]) for depth in range(len(folder), 0, -1)]
    return next((name for name in names if name in graph), folder[0])


def check_module(root, name):
    readme = root / "src" / folder_of(name) / "README.md"
    if not readme.exists():
        yield readme, 1, "a module says in README.md what it is for"
    elif len(readme.read_text().splitlines()) > MODULE_README_LINES_MAX:
        yield readme, 1, f"longer than {MODULE_README_LINES_MAX} lines: the detail belongs in docs/"


def check_line(path, number, line, module):
    if len(line) > COLUMNS_MAX:
        yield path, number, f"wider than {COLUMNS_MAX} columns"
    if TODO_WITHOUT_ISSUE.search(line):
        yield path, number, "a TODO names its issue: TODO(#12)"
    for word, instead in MISLEADING.items():
        if word in line and not SIDE_FILE.search(path.name):
            yield path, number, f"'{word}': {instead}"
    if module in NEVER_THROWS and not SIDE_FILE.search(path.name) and re.search(r"\bthrow\b", line):
        yield path, number, f"nothing in {module}/ throws: return what went wrong"


def check_source(root, path, graph):
    is_module = path.is_relative_to(root / "src")
    module = module_of(path.relative_to(root).parts[1:-1], graph) if is_module else None
    lines = path.read_text().splitlines()
    if module is not None and module not in graph:
        yield path, 1, f"module '{module}' is not in CMakeLists.txt"
        return
    if len(lines) > FILE_LINES_MAX:
        yield path, FILE_LINES_MAX, f"longer than {FILE_LINES_MAX} lines: split it by concept"
    if not lines or lines[0] != "// SPDX-License-Identifier: Apache-2.0":
        yield path, 1, "opens with the licence: // SPDX-License-Identifier: Apache-2.0"
    if path.suffix == ".h" and (len(lines) < 3 or not re.match(r"// \S", lines[2])):
        yield path, 3, "a header says here, in a sentence, what it is for"
    for number, line in enumerate(lines, 1):
        yield from check_line(path, number, line, module)
        include = INCLUDE.match(line)
        if module and include and module_of(include[1].split("/"), graph) not in graph[module]:
            yield path, number, f"{module}/ may not include {include[1]}/"


def check_pages(root):
    for name, limit in PAGE_LINES_MAX.items():
        page = root / name
        if page.exists() and len(page.read_text().splitlines()) > limit:
            yield page, limit, f"longer than {limit} lines"


def findings(root):
    graph = module_graph(root)
    for name in graph:
        yield from check_module(root, name)
    for folder in ("src", "apps", "tests", "bench"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".h", ".cc"):
                yield from check_source(root, path, graph)
    yield from check_pages(root)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    found = list(findings(root))
    for path, number, message in found:
        print(f"{path.relative_to(root)}:{number}: {message}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
