"""A model server that is none: speaks the providers' dialects over TLS on loopback.

For `excise demo`, for measurements and for tests: it answers what its script says, records every
request as it arrived and needs no network.
"""
