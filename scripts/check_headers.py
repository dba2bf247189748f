"""Every header compiles alone: it includes what it uses. Says so at once if no header changed since they all did."""
import concurrent.futures
import hashlib
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMPILE = [os.environ.get("CXX", "g++"), "-std=c++20", "-fsyntax-only", "-x", "c++",
           "-DONNX_NAMESPACE=onnx", "-DONNX_ML=1",  # as ONNX's own CMake package sets them
           f"-I{ROOT}/include", f"-I{ROOT}/src", "-"]


def problem(header):
    include = header.relative_to(ROOT / ("include" if "include" in header.relative_to(ROOT).parts else "src"))
    done = subprocess.run(COMPILE, input=f'#include "{include}"\n', capture_output=True, text=True)
    first = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip())
    return f"{header.relative_to(ROOT)}: does not stand alone: {first}" if done.returncode else None


def main():
    headers = sorted([*(ROOT / "include").rglob("*.hpp"), *(ROOT / "src").rglob("*.hpp")])
    stamp = ROOT / "build/headers_stand_alone"
    content = hashlib.sha256(b"\0".join(header.read_bytes() for header in [*headers, pathlib.Path(__file__)])).hexdigest()
    if stamp.is_file() and stamp.read_text() == content:
        print(f"headers: {len(headers)} unchanged since they stood alone")
        return 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [line for line in pool.map(problem, headers) if line]
    if not found:
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(content)
    print("\n".join(found) or f"headers: {len(headers)} stand alone")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
