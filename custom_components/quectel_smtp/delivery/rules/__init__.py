"""What results mean, what is mended when, how many may go, what fits which way.

Pure functions and tables, and the ladder, which acts on the modem alone. May import what
lies in ``delivery`` itself, and the modem.
"""
