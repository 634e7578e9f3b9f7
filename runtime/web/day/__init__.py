"""My day: one list of what waits for a person, ordered by the time that is left."""
