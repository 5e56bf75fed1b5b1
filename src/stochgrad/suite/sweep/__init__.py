"""Many runs as one: planned and checked, launched, compared."""
