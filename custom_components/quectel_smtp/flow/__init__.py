"""Set-up, reconfiguration, reauthentication, options and recipients, step by step.

May import the modem, the delivery and what the integration's own files share; not what
Home Assistant looks for, such as ``config_flow`` and the platforms, which stand above.
"""
