"""A mail client over a socket: TLS with the right clock, one session, an account's check.

``aiosmtplib`` and ``ssl`` do the work. May import what lies in ``delivery`` itself, and
the modem.
"""
