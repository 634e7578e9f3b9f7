"""Web Push: phones that ring although no page is open."""
