"""Each thing of the table DOORS is used behind its one door only; comments and strings do not count."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)
DOORS = [  # what, the pattern in the code, where it may stand (prefixes of paths)
    ("#pragma omp", r"#\s*pragma\s+omp|\bomp_\w+\s*\(", ["src/core/threads"]),
    ("Xbyak", r"\bXbyak\b|#\s*include\s*<xbyak", ["src/jit/", "src/kernels/"]),
    ("intrinsics", r"\b_mm\d*_\w+|#\s*include\s*<immintrin", ["src/kernels/"]),
    ("malloc and new", r"\b(?:malloc|calloc|realloc|aligned_alloc|free)\s*\(|\bnew\b(?!\s*\()", ["src/core/"]),
    ("getenv", r"\bgetenv\b", ["src/core/cpu.cpp"]),
    ("standard output", r"\bstd::c(?:out|err)\b|\b(?:fmt::print|printf|puts)\s*\(", ["src/cli/"]),
    ("ONNX classes", r"#\s*include\s*<onnx/", ["src/io/"]),
    ("TOML", r"#\s*include\s*<toml", ["src/lab/"]),
    ("JSON", r"#\s*include\s*<nlohmann/", ["src/plan/", "src/runtime/", "src/lab/", "src/cli/"]),
]


def code_of(file):
    """The text with comments and strings blanked, so that line numbers stay; #include lines are kept whole."""
    text = file.read_text()
    keep = lambda match: re.sub(r"[^\n]", " ", match.group())
    return NOISE.sub(keep, text)


def main():
    found = []
    files = sorted([*(ROOT / "src").rglob("*.[chi]*"), *(ROOT / "include").rglob("*.hpp")])
    for file in (path for path in files if path.is_file()):
        name, code = str(file.relative_to(ROOT)), code_of(file)
        for what, pattern, doors in DOORS:
            if any(name.startswith(door) for door in doors):
                continue
            for match in re.finditer(pattern, code):
                line = code.count("\n", 0, match.start()) + 1
                found.append(f"{name}:{line}: {what} ({match.group().strip()}), allowed in {', '.join(doors)}")
    print("\n".join(found) or f"doors: {len(DOORS)} things, each behind its own, in {len(files)} files")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
