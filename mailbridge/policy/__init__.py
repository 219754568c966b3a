"""What may be posted, decided by pure functions: bytes and facts in, a Decision with named reasons out."""
