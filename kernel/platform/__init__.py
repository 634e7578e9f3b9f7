"""Settings, clock, databases, tenants, accounts, releases and the Ctx every part works with."""
