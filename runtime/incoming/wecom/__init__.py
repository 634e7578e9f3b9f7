"""Messages of WeCom's service accounts."""
