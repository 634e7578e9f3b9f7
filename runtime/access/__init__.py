"""Why a person can or cannot do something."""
