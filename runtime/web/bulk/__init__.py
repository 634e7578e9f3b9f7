"""Acts on many records, on screens."""
