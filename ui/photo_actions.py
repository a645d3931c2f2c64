"""What a person can do with a photo found: open it, find its file, copy it."""
