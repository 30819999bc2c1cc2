"""What one viewer's link carries, and what a viewer gets of a track by that. Pure decisions."""
