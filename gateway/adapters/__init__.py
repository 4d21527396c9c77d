"""The world behind the ports: clock, keys, log and policy stores, sources, telemetry. Only app.py imports this room."""
