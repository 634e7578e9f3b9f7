"""Records at run time: the road of every write, reading, lists, history."""
