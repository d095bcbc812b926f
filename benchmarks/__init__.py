"""Measurements of speed and quality; nothing imports this."""
