"""Files of records: bytes by content hash, rows in the tenant, rights of the record."""
