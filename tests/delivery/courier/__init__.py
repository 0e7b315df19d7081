"""The courier and its worker."""
