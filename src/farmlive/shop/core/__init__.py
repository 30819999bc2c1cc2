"""The parts that all rooms of the shop share: tables, models, fields, problems, state machine."""
