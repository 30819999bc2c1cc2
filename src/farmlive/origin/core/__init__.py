"""What every part of origin speaks: tables, shapes, fields, GS1 and EPCIS, problems."""
