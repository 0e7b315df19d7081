"""Records what a modem answers, with what is private masked.

May import ``network`` and ``at``.
"""
