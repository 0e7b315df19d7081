"""A mail client over a socket: TLS with the right clock, and one SMTP session.

``aiosmtplib`` and ``ssl`` do the work. Nothing of the product uses it so far. May import
what lies in ``delivery`` itself, and the modem.
"""
