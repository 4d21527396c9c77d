"""The demo's member system, a good way off: each answer takes a while, so that a request is in flight for long and costs little.

python -m tests.e2e.unhurried SECONDS and the options of gateway.demo.member_system
"""

import sys
from functools import partial

from gateway.demo import member_system as near

if __name__ == "__main__":
    late = near.Faults(delay_seconds=float(sys.argv[1]))
    vars(near)["member_system"] = partial(near.member_system, faults=late)
    near.main(sys.argv[2:])
