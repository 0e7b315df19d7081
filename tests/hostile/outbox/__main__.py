"""``python -m tests.hostile.outbox DESCRIPTOR``: see ``engine.py``."""

from .light import leave_home_assistant_out

leave_home_assistant_out()

if __name__ == "__main__":
    from .engine import main

    main()
