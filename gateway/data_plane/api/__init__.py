"""The doors: routes of the partner listener.

metadata   what the authorization server and the resource say of themselves, and their public keys
token      POST /oauth/token: the ordered checks
transfers  POST /v1/transfers: the seven steps
proof      GET /v1/transfers/{id}/proof: that it is in the log
grants     GET /v1/grants and the schema of each
log        GET /log/{coop}/…: checkpoints, tiles, consistency, for everybody
health     /livez, /readyz
inbound    a request as the values the steps read
app        all of them, mounted
"""
