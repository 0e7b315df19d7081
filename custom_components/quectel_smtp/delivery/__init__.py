"""Keeps mail until it is sent, or is over; knows the modem, not Home Assistant.

Here lie what the folders pass to each other: ``records``, ``email``, ``settings`` and
``status``. The folders may import these, the modem, and one another from left to right:
``courier``, then ``outbox``, then ``rules``, then ``client``.
"""
