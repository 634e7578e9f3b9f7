"""Working calendars and the arithmetic of working time."""
