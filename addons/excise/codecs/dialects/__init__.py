"""One wire dialect a file: which fields of its bodies and events hold what; streams beside it."""
