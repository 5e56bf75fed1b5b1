"""Tables of results, and what many seeds say: means with intervals, paired differences."""
