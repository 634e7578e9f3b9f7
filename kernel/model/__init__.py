"""The metadata of an application as frozen values; the same document as YAML, JSON and dataclass."""
