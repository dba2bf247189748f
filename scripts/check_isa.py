"""No AVX code in a weak symbol: the linker may keep that copy and give it to code that runs on every CPU.
   check_isa.py [LIBRARY]   (default build/src/libtulle.a, the release build)"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LABEL = re.compile(r"^[0-9a-f]+ <(.+)>:$")
VEX = re.compile(r"^\s*[0-9a-f]+:\s+(v(?!err|erw)[a-z0-9]+|k(?:mov|or|and|xor|not|shift|unpck|test|add)\w+|andn|sarx|shlx|shrx|pdep|pext|mulx|rorx)\b")


def lines_of(*command):
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield from (line.rstrip("\n") for line in process.stdout)
    if process.returncode:
        sys.exit(f"{command[0]} failed on {command[-1]}")


def main():
    library = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build/src/libtulle.a")
    if not pathlib.Path(library).is_file():
        print(f"isa: skipped, no {library} (make build)")
        return 0
    weak = {line.split()[-1] for line in lines_of("nm", "--defined-only", library) if re.search(r" [WwVv] ", line)}
    found, symbol = {}, ""
    for line in lines_of("objdump", "-d", "--no-show-raw-insn", library):
        if label := LABEL.match(line):
            symbol = label.group(1)
        elif symbol in weak and symbol not in found and (code := VEX.match(line)):
            found[symbol] = code.group(1)
    if found:
        names = subprocess.run(["c++filt", *found], capture_output=True, text=True).stdout.splitlines()
        print("\n".join(f"weak symbol with {code}: {name}" for name, code in zip(names, found.values())))
    else:
        print(f"isa: {len(weak)} weak symbols, none with AVX code")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
