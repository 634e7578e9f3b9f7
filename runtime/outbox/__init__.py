"""Work that failed, for administrators."""
