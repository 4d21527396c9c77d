"""The shared HTTP edge: what every request passes before any framework code, and what every answer carries.

server.py         the listening socket and the server on it
http_protocol.py  layer (a): what the wire shows and ASGI no longer does
http_cycle.py     one request and its answer on a connection
guard.py          layer (b): heads, bodies, request ids, and the last catch
headers.py        the headers of every response
problems.py       the closed table of refusals and their documents
"""
