"""Documents: read, mask, split, embed, store, and search. Knows nothing of answers or of HTTP."""
