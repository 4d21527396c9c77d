"""The benchmarks: what a transfer costs here, beside what two honest builds of the same job cost, in one run.

what is measured
  rounds           one member per request, and 1,000: all builds in turn through HTTP, round after round
  where            where the time of one member's request goes, step by step, against the floor of its cryptography
  page             1,000 members: steps 4 and 5 alone, and through HTTP
  commit_point     the commit point alone, on both databases, with one and two processes
what it is compared with
  straightforward  the same job as most would write it: FastAPI, httpx, SQLModel, jwcrypto
  plain            the same job at its plainest: FastAPI, asyncpg, joserfc; neither signed requests nor a log with proofs
what it takes
  world            PostgreSQL, the member system and the three builds, started once
  subject          this gateway, set up and served         inside    its steps, called in this process
  others           the two other builds, served            build     what all builds look like from outside
  partner          the partner that asks: its requests are signed before the clock starts
  load             the load generator                      machine   cores, CPU time, child processes
  report           tables

Absolute figures drift with the machine; CPU µs per request and ratios within one run hold. Nothing here fails on a figure.
"""
