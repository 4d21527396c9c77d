"""Large buffers are kept: what was freed is there for the next answer without the kernel's help."""

import platform
import subprocess
import sys

PROGRAM = """
import resource, sys
from gateway.web.server import keep_large_buffers
assert keep_large_buffers() == (sys.argv[1] == "glibc")
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def churn():
    before = faults()
    for _ in range(200):
        bytes(bytearray(4_000_000))
    return faults() - before
churn()
print(churn())
"""


def test_buffers_of_whole_answers_are_not_given_back_to_the_kernel_each_time() -> None:
    library = "glibc" if platform.libc_ver()[0] == "glibc" else "other"
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM, library], capture_output=True, text=True, check=True, timeout=60
    )
    if library == "glibc":
        assert int(told.stdout) < 200, "fewer page faults than buffers"
