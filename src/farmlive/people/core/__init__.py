"""What every part of people speaks: tables, shapes, callers, sessions, devices and limits."""
