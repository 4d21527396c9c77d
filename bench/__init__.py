"""The benchmarks: what a transfer costs here, beside what three honest builds of the same job cost, in one run.

what is measured
  rounds           one member per request, and 1,000: all builds in turn through HTTP, round after round
  where            where the time of one member's request goes, step by step, against the floor of its cryptography
  page             1,000 members: steps 4 and 5 alone, and through HTTP
  commit_point     the commit point alone, on both databases, with one and two processes
  verification     an exported log of 1,000,000 entries verified: entries a second, and memory
  proofs           a proof out of the tiles of 10,000 and of 10,000,000 entries
  members          who received this member's data, after three years of daily pulls of 1,000,000 members
what it is compared with
  straightforward  the same job as most would write it: FastAPI, httpx, SQLModel, jwcrypto
  straightforward_profile  the same again, doing what the profile asks of every request: proof, signed request, receipt
  plain            the same job at its plainest: FastAPI, asyncpg, joserfc; neither signed requests nor a log with proofs
what it takes
  world            PostgreSQL, the member system and the five builds, started once
  view             the members in a table, for the one of ours that reads a database
  subject          this gateway, set up and served         inside    its steps, called in this process
  others           the three other builds, served          build     what all builds look like from outside
  partner          the partner that asks: its requests are signed before the clock starts
  load             the load generator                      machine   cores, CPU time, child processes
  report           tables
  releases         release entries                         side_rows_made  side rows, millions of them

Absolute figures drift with the machine; CPU µs per request and ratios within one run hold. Nothing here fails on a figure.
"""
