"""A phone for tests: a real Android daemon, a bad cable, and a player for what the daemon cannot play."""
