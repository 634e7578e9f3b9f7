"""Packages on disk: reading them safely, writing them stably, finding them."""
