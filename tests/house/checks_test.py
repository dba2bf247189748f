"""Each check of scripts/ fails, and names the place, on a small tree that breaks just its rule."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parent.parent.parent / "scripts"


class Checks(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(dir=pathlib.Path.cwd()))
        self.addCleanup(shutil.rmtree, self.root)
        shutil.copytree(SCRIPTS, self.root / "scripts")
        (self.root / "include/tulle").mkdir(parents=True)
        (self.root / "src/kernels").mkdir(parents=True)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def expect(self, check, code, *words, arguments=()):
        done = subprocess.run([sys.executable, self.root / f"scripts/check_{check}.py", *arguments],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        for word in words:
            self.assertIn(word, done.stdout + done.stderr)

    def test_floors(self):
        self.write("src/core/low.cpp", '#include "formats/csr.hpp"\n')
        self.expect("floors", 1, "src/core/low.cpp", "formats/")
        self.write("src/core/low.cpp", '#include "core/low.hpp"\n#include "tulle/error.hpp"\n')
        self.expect("floors", 0)
        self.write("src/attic/old.cpp", "")
        self.expect("floors", 1, "src/attic")

    def test_floors_refuses_a_cycle(self):
        self.write("scripts/floors.txt", "core: formats\nformats: core\n")
        self.expect("floors", 1, "core names formats")

    def test_doors(self):
        for code in ("#pragma omp parallel for\n", "#include <immintrin.h>\n", "auto x = _mm512_setzero_ps();\n",
                     "int* p = new int;\n", "void* p = malloc(3);\n", 'getenv("HOME");\n', "std::cout << 1;\n"):
            self.write("src/graph/graph.cpp", "int a;\n" + code)
            self.expect("doors", 1, "src/graph/graph.cpp:2")
        self.write("src/graph/graph.cpp", '// a new malloc(1) in a comment\nauto s = "getenv";\n')
        self.expect("doors", 0)

    def test_sizes(self):
        self.write("src/core/long.cpp", "\n" * 401)
        self.expect("sizes", 1, "src/core/long.cpp: 401")
        self.write("src/core/long.cpp", "int f() {\n" + "  g();\n" * 60 + "}\n")
        self.expect("sizes", 1, "src/core/long.cpp:1: a function of 62")
        self.write("src/core/long.cpp", "int f() {\n" + "  g();\n" * 58 + "}\n")
        self.expect("sizes", 0)

    def test_headers(self):
        self.write("include/tulle/a.hpp", "inline std::string f() { return {}; }\n")
        self.expect("headers", 1, "include/tulle/a.hpp", "does not stand alone")
        self.write("include/tulle/a.hpp", "#include <string>\ninline std::string f() { return {}; }\n")
        self.expect("headers", 0)

    def test_kernels(self):
        self.write("src/kernels/spmv/dispatch.cpp", "extern const Kernel good;\n")
        self.write("src/kernels/spmv/a.cpp", 'extern constinit const Kernel good{"spmv/a", Features::none};\n')
        self.expect("kernels", 0, "1, each")
        self.write("src/kernels/spmv/b.cpp", 'extern constinit const Kernel lost= make("spmm/b");\n')
        self.expect("kernels", 1, "kernel lost is not named", "does not begin with spmv/")

    def test_isa(self):
        attribute = '__attribute__((target("avx2"), noinline))'
        source = f"{{}} {attribute} float add(const float* a) {{{{ return a[0] + a[1] * a[2]; }}}}\nauto p = &add;\n"
        for kind, code in (("inline", 1), ("static", 0)):
            self.write("a.cpp", source.format(kind))
            subprocess.run(["g++", "-O2", "-c", "a.cpp", "-o", "a.o"], cwd=self.root, check=True)
            subprocess.run(["ar", "rcs", "liba.a", "a.o"], cwd=self.root, check=True)
            self.expect("isa", code, arguments=[self.root / "liba.a"])


if __name__ == "__main__":
    unittest.main()
