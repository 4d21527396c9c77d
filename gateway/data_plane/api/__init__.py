"""The doors: routes of the partner listener.

metadata   what the authorization server and the resource say of themselves, and their public keys
token      POST /oauth/token: the ordered checks
transfers  POST /v1/transfers: the seven steps
grants     GET /v1/grants and the schema of each
health     /livez, /readyz
inbound    a framework request as the values the steps read
app        all of them, mounted
"""
