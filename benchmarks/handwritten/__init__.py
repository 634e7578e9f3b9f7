"""The hand-written application: what a good developer would write for this one entity."""
