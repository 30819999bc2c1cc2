"""What a process holds open of the system."""

import os


def handles() -> int:
    """How many descriptors this one has."""
    return len(os.listdir("/proc/self/fd"))
