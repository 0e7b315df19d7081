"""A check of a modem that its owner runs once, and whose report may be shown to anybody.

``__main__`` starts it, ``command`` reads what it was started with and writes the report.
``course`` and ``emails`` ask the person step by step, ``trials`` does what was agreed to, and ``answers``
concludes, from ``evidence`` alone, what the firmware does. May import ``modem`` and
``delivery``; nothing imports it. It runs without Home Assistant.
"""
