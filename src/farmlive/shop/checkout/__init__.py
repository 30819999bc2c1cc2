"""The till, holds and waiting lists: everything a buyer does before the order is placed."""
