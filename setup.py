"""The extension in C, which is built where there is a compiler; all else is in pyproject.toml."""

import shlex
import shutil
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup

NATIVE = Path("src/farmlive/media/engine/native")


def what_is_missing() -> str | None:
    """What the build needs and this machine lacks, or None."""
    if sys.platform != "linux":
        return "Linux"
    compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")[0]
    if shutil.which(compiler) is None and shutil.which("cc") is None:
        return f"a C compiler ({compiler})"
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        return "Python's headers (Debian: python3-dev)"
    return None


# The engine reads packets of strangers: what a fault in it could do is made smaller. FORTIFY is a
# thing of glibc's headers and needs an optimising compiler; elsewhere, as on musl, the macro does
# nothing. Where a distribution's compiler sets it by itself, defining it twice would warn.
HARDENED = ["-fstack-protector-strong", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=3"]
# All addresses are bound when the file is loaded, and their table is read-only from then on.
READ_ONLY = ["-Wl,-z,relro", "-Wl,-z,now"]

missing = what_is_missing()
if missing is None:
    native = Extension(
        "farmlive.media.engine.native._native",
        sources=sorted(str(path) for path in NATIVE.glob("*/*.c")),
        depends=sorted(str(path) for path in NATIVE.glob("*/*.h")),
        include_dirs=[str(NATIVE)],
        define_macros=[("_GNU_SOURCE", None), ("Py_LIMITED_API", "0x030B0000")],
        # Without fused multiply-adds both engines compute the same, to the last bit.
        extra_compile_args=[
            *("-std=c11", "-O2", "-g0", "-fvisibility=hidden", "-ffp-contract=off"),
            *HARDENED,
        ],
        extra_link_args=READ_ONLY,
        libraries=["m", "pthread"],
        py_limited_api=True,
        # A compiler that fails leaves farmlive with its engine in Python.
        optional=True,
    )
    # One wheel serves CPython 3.11 and all that came after it.
    setup(ext_modules=[native], options={"bdist_wheel": {"py_limited_api": "cp311"}})
else:
    sys.stderr.write(f"without the engine in C, which needs {missing}\n")
    setup()
