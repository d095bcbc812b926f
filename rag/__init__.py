"""Questions: their path from words to a cited answer."""
