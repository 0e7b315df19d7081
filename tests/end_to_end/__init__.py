"""Real Home Assistant, a modem and a mail server, each a process of its own."""
