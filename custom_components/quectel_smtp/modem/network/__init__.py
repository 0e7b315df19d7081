"""SIM, radio, registration and data connection, and what the firmware can do.

May import ``at``.
"""
