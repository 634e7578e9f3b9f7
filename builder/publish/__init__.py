"""From packages and changes to a release: prepare, switch, after."""
