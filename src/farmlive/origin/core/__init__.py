"""The parts that all rooms of origin share: tables, models, fields, GS1, EPCIS and problems."""
