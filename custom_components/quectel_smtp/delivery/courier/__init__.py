"""The courier: takes mail from callers, and one worker for each modem that sends it.

May import ``outbox``, ``rules``, what lies in ``delivery`` itself, and the modem.
"""
