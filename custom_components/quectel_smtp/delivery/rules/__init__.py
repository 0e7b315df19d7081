"""What each result means, what is mended when, how many may go, what an email says.

Pure functions and tables, and the ladder, which acts on the modem alone. May import what
lies in ``delivery`` itself, and the modem.
"""
