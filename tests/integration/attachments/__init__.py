"""What is asked for as attachments, and what becomes of it."""
