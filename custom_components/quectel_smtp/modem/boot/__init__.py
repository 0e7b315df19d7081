"""What belongs to one boot of the modem: its beginning, what it remembers, its end.

May import ``network`` and ``at``.
"""
