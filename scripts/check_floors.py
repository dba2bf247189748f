"""Every #include of src/ and include/ keeps to the table of rooms in floors.txt."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s+"([a-z_]+)/[^"]+"', re.MULTILINE)


def read_floors(path):
    floors = {}
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        room, _, allowed = line.partition(":")
        unknown = [name for name in allowed.split() if name not in floors]
        if unknown:
            sys.exit(f"{path}: {room} names {', '.join(unknown)}, which is on no lower floor")
        floors[room] = set(allowed.split()) | {room, "tulle"}
    return floors


def violations(files, allowed):
    for file in files:
        for name in INCLUDE.findall(file.read_text()):
            if name not in allowed:
                yield f"{file.relative_to(ROOT)}: includes {name}/, allowed are {', '.join(sorted(allowed))}"


def main():
    floors = read_floors(ROOT / "scripts/floors.txt")
    found = list(violations((ROOT / "include").rglob("*.hpp"), {"tulle"}))
    for room in (path for path in (ROOT / "src").iterdir() if path.is_dir()):
        if room.name not in floors:
            found.append(f"src/{room.name}: not in scripts/floors.txt")
            continue
        found += violations(room.rglob("*.[ch]pp"), floors[room.name])
    print("\n".join(found) or f"floors: {len(floors)} rooms keep to scripts/floors.txt")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
