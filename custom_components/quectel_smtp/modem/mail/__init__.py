"""The modem's own mail client: its settings, files and messages, and what it reports.

May import ``boot``, ``recording``, ``network`` and ``at``.
"""
