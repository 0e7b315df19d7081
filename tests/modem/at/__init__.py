"""The AT channel: lines, commands, data mode and port."""
