"""The durable queue, on SQLite: each change is one transaction, or has not happened.

May import ``rules``, what lies in ``delivery`` itself, and the modem.
"""
