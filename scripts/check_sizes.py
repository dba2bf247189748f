"""Files of at most 400 lines, functions of at most 60."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILE_LINES, FUNCTION_LINES = 400, 60
NO_FUNCTION = re.compile(r"\b(?:namespace|struct|class|enum|union)\b|=\s*\{$|\[\]\s*=?\s*\{$")


def long_functions(lines):
    """Functions as clang-format lays them out: from a line without indent that ends in { to a lone }."""
    start = None
    for number, line in enumerate(lines, 1):
        if start is None and line and not line[0].isspace() and line.endswith("{") and not NO_FUNCTION.search(line):
            start = number
        elif start is not None and line.rstrip() in ("}", "};"):
            if number - start + 1 > FUNCTION_LINES:
                yield start, number - start + 1
            start = None


def main():
    found = []
    files = [file for room in ("include", "src", "tests", "bench", "examples") for file in (ROOT / room).rglob("*.[ch]pp")]
    for file in sorted(files):
        name, lines = file.relative_to(ROOT), file.read_text().splitlines()
        if len(lines) > FILE_LINES:
            found.append(f"{name}: {len(lines)} lines, at most {FILE_LINES}")
        found += [f"{name}:{at}: a function of {n} lines, at most {FUNCTION_LINES}" for at, n in long_functions(lines)]
    print("\n".join(found) or f"sizes: {len(files)} files within their limits")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
