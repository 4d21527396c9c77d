"""The command line: parse, call, print; one file per noun.

Exit codes: 0 done · 1 refused, or findings that are errors · 2 the command line itself · 3 a part does not answer now.
"""

import typer

from gateway.cli import client, demo, keys, log, member, partner, policy, serve, staff

app = typer.Typer(
    name="gateway",
    help="共同利用ゲートウェイ / the joint-use gateway",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("serve")(serve.serve)
app.command("migrate")(serve.migrate)
app.command("config")(serve.config)
app.command("demo")(demo.demo)
for noun, group in {
    "policy": policy.app,
    "partner": partner.app,
    "keys": keys.app,
    "member": member.app,
    "staff": staff.app,
    "log": log.app,
    "client": client.app,
}.items():
    app.add_typer(group, name=noun)


def main() -> None:
    """Run the command line."""
    app()
