"""Rule parity: the channels by which records are written, and the rules each of them must refuse by."""
