"""Every kernel defined in src/kernels/<family>/ is named in the family's dispatch.cpp, and is called family/..."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
KERNEL = re.compile(r'^(?:extern )?(?:constinit )?const Kernel (\w+)\s*(?:=\s*\w+\(|(?:=\s*)?\{)\s*'
                    r'(?:\.name\s*=\s*)?(?:"([^"]*)")?', re.MULTILINE)


def main():
    found, count = [], 0
    for family in sorted(path for path in (ROOT / "src/kernels").iterdir() if path.is_dir()):
        dispatch = family / "dispatch.cpp"
        listed = dispatch.read_text() if dispatch.is_file() else ""
        for file in sorted(family.rglob("*.cpp")):
            for symbol, name in KERNEL.findall(file.read_text()):
                count += 1
                place = f"{file.relative_to(ROOT)}: kernel {symbol}"
                if not re.search(rf"\b{symbol}\b", listed):
                    found.append(f"{place} is not named in {dispatch.relative_to(ROOT)}")
                if name and not name.startswith(f"{family.name}/"):
                    found.append(f"{place} is called {name}, which does not begin with {family.name}/")
    print("\n".join(found) or f"kernels: {count}, each in its family's dispatch.cpp")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
