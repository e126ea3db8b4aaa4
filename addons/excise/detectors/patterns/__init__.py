"""What a pattern says: one pass over a text, then a look at each hit."""
