"""Keeps mail until it is sent, or is over; knows the modem, not Home Assistant.

Here lies what the folders share: ``email`` with its ``addresses``, ``enclosures`` and
``changes``, ``records``, ``errors``, ``settings``, ``status`` and ``listeners``. The
folders may import these, the modem, and one another from left to right: ``courier``, then
``outbox``, then ``rules``, then ``client``.
"""
