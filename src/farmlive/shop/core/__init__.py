"""What every part of the shop speaks: its tables, shapes, fields, problems and the life of an
order.
"""
