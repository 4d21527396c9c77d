"""Co-op admins: whatever moves `gov`, and keys. Each act is an entry in the log, committed together with its effect.

govern        append a governance entry, once what it was decided on is still so
publish       a policy version comes into force
partners      a partner becomes active or suspended; its keys
restrict      stops for members, set and lifted
gateway_keys  the gateway's own keys, made known to later readers
subject_key   the key that members are tagged with: named in the log, destroyed and begun anew by a person
"""
