"""The world behind the ports: clock, keys, log and policy stores, sources, telemetry. Only app/ imports this room."""
