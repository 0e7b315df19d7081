"""Set-up, reconfiguration, options and recipients, as a person goes through them."""
