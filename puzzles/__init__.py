"""What a pack is, and the built-in packs. Knows no screen and no model."""
