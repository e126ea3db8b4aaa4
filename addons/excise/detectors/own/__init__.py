"""What the operator had indexed: code, records, known values, canaries. Keyed digests only."""
