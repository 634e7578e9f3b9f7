"""Layers: one tree out of packages and changes, the difference of two trees, and three-way rebase."""
