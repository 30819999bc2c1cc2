"""What all rooms of the shop share: tables, models, fields, problems and an order's state
machine.
"""
