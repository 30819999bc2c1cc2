"""The till, holds and waiting lists: what a buyer does before an order stands."""
