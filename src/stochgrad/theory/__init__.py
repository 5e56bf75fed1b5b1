"""What an estimate will be off by, before it is made."""
