"""Suite `docs`: no two files need each other, neither by `use` in src/ nor by `require` in lua/."""
import os
import re

from interpreters import REPOSITORY
from task import Task

INLINE = re.compile(r"^\s*(?:pub(?:\([^)]*\))? )?mod (\w+) \{", re.M)
COMMENT = re.compile(r"//[^\n]*")
PATH = re.compile(r"\b((?:crate|super|self)(?:::\w+)+)")
USE = re.compile(r"\buse ((?:crate|super|self)\b[^;]*);")
CHILD = re.compile(r"^\s*(?:pub(?:\([^)]*\))? )?use (\w+)::([^;]*);", re.M)
DECLARED = re.compile(r"^\s*(?:pub(?:\([^)]*\))? )?mod (\w+);", re.M)
REQUIRE = re.compile(r"""\brequire\s*\(?\s*["']([\w.]+)["']""")
PART = re.compile(r"\bpart\(\"(\w+)\"")
LUA_COMMENT = re.compile(r"--\[(=*)\[.*?\]\1\]|--[^\n]*", re.S)


def _files(folder, ending):
    for directory, _, names in sorted(os.walk(os.path.join(REPOSITORY, folder))):
        for name in sorted(names):
            if name.endswith(ending):
                path = os.path.join(directory, name)
                with open(path, encoding="utf-8") as file:
                    yield os.path.relpath(path, REPOSITORY), file.read()


def _expand(tree):
    """The paths of a use tree: `a::{b, c::{d, self}}` gives a::b, a::c::d and a::c."""
    tree = re.sub(r"\s+as \w+", "", tree).strip()
    brace = tree.find("{")
    if brace < 0:
        return [tree]
    start, parts, depth, part = tree[:brace], [], 0, ""
    for letter in tree[brace + 1:tree.rindex("}")]:
        depth += (letter == "{") - (letter == "}")
        if letter == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += letter
    return [start + path for part in parts + [part] if part.strip() for path in _expand(part)]


def _rust_modules():
    """Maps a module's path, such as ("tls", "session"), to its file and its source without comments and tests."""
    modules = {}
    for path, text in _files("src", ".rs"):
        parts = path[len("src/"):-len(".rs")].split("/")
        if parts[0] == "bin":
            continue
        if parts[-1] == "mod" or parts == ["lib"]:
            parts.pop()
        text = COMMENT.sub("", text).split("#[cfg(test)]\nmod ")[0]
        modules[tuple(parts)] = (path, text)
    return modules


def _exports(modules):
    """Maps a name that a module exports from another one to its path: `pub use call::Call` in binding/mod.rs."""
    found = {}
    for module, (_, text) in modules.items():
        for tree in re.findall(r"\bpub use ([^;]*);", text):
            for path in _expand(tree):
                words = path.split("::")
                found[module + (words[-1],)] = _absolute(module, words)
    return found


def _absolute(module, words):
    words = list(words)
    base = module
    if words[0] == "crate":
        base, words = (), words[1:]
    while words and words[0] in ("super", "self"):
        base = base[:-1] if words[0] == "super" else base
        words = words[1:]
    return base + tuple(words)


def _inline(text):
    """The modules inside a file: name, start and end."""
    for found in INLINE.finditer(text):
        depth, end = 1, found.end()
        while depth and end < len(text):
            depth += (text[end] == "{") - (text[end] == "}")
            end += 1
        yield found.group(1), found.end(), end


def _target(modules, exports, path):
    """The module whose file has the item at a path."""
    for _ in range(8):
        for length in range(len(path), 0, -1):
            exported = exports.get(path[:length])
            if exported and exported != path[:length]:
                path = exported + path[length:]
                break
        else:
            break
    for length in range(len(path), 0, -1):
        if path[:length] in modules:
            return path[:length]
    return ()


def _needs(module, text):
    """The paths that a piece of source names, as `use` or in code."""
    text = re.sub(r"\bpub(\([^)]*\))? use [^;]*;", "", text)
    code = re.sub(r"\buse [^;]*;", "", text)
    declared = set(DECLARED.findall(text))
    trees = USE.findall(text) + [child + "::" + rest for child, rest in CHILD.findall(text) if child in declared]
    paths = [path.split("::") for tree in trees for path in _expand(tree)]
    paths += [found.split("::") for found in PATH.findall(code)]
    paths += [[word] for word in re.findall(r"\b(\w+)::", code) if word in declared]
    return [_absolute(module, words) for words in paths]


def rust():
    """Maps each file of src/ to the files that it uses."""
    modules = _rust_modules()
    exports = _exports(modules)
    graph = {}
    for module, (file, text) in modules.items():
        needed = graph.setdefault(file, set())
        paths = []
        for name, start, end in sorted(_inline(text), key=lambda found: -found[1]):
            paths += _needs(module + (name,), text[start:end])
            text = text[:start] + text[end:]
        for path in paths + _needs(module, text):
            target = _target(modules, exports, path)
            if target and target != module:
                needed.add(modules[target][0])
    return graph


def lua():
    """Maps each Lua file to the files that it requires, at its start or later, and to the parts that it loads."""
    files = dict(_files("lua", ".lua"))
    names = {path[len("lua/"):-len(".lua")].replace("/", "."): path for path in files}
    late = dict(_files(os.path.join("src", "late"), ".lua"))
    files.update(late)
    parts = {os.path.basename(path)[:-len(".lua")]: path for path in late}
    graph = {}
    for path, text in files.items():
        code = LUA_COMMENT.sub("", text)
        graph[path] = {names[name] for name in REQUIRE.findall(code) if name in names}
        graph[path] |= {parts[name] for name in PART.findall(code)}
        graph[path].discard(path)
    return graph


def circles(graph):
    """The groups of files that need each other, each as one path that returns to its start."""
    reached = {}

    def reach(start):
        seen, queue = {}, [(target, start) for target in sorted(graph.get(start, ()))]
        for target, before in queue:
            if target not in seen:
                seen[target] = before
                queue += [(after, target) for after in sorted(graph.get(target, ()))]
        return seen

    for node in graph:
        reached[node] = reach(node)
    told = set()
    for node in sorted(graph):
        if node in reached[node] and node not in told:
            told.update(other for other in reached[node] if node in reached[other])
            path, step = [node], reached[node][node]
            while step != node:
                path.append(step)
                step = reached[node][step]
            yield " -> ".join([node] + path[:0:-1] + [node])


def _check(report):
    found = [*circles(rust()), *circles(lua())]
    if found:
        return report.fail("docs circles", "\n".join(found), file=os.path.join(REPOSITORY, "docs", "architecture.md"))
    return report.ok("docs circles")


def tasks(wanted, report):
    """The checks that the options select."""
    return [Task("docs circles", lambda: _check(report))] if wanted("docs circles") else []
