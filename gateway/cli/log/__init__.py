"""gateway log verify | prove | verify-proof | verify-member | export | tail | reindex | erase | archive: the auditor's tool, and retention.

Exit codes: 0 verified, or done · 1 a finding, which is named · 2 the command line itself · 3 something does not answer,
or cannot be read; what could not be read never counts as verified.
"""

import typer

from gateway.cli.log import export, proofs, reindex, retention, tail, verify

app = typer.Typer(help="提供ログ / the transfer log", no_args_is_help=True)
app.command("verify")(verify.verify)
app.command("prove")(proofs.prove)
app.command("verify-proof")(proofs.verify_proof)
app.command("verify-member")(proofs.verify_member)
app.command("export")(export.export)
app.command("tail")(tail.tail)
app.command("reindex")(reindex.reindex)
app.command("erase")(retention.erase)
app.command("archive")(retention.archive)
