"""Write-only values, encrypted at rest, bound to where they may go."""

from kernel.secrets.store import Known, forget, fresh, hold, known, put, read, rewrap

__all__ = ["Known", "forget", "fresh", "hold", "known", "put", "read", "rewrap"]
