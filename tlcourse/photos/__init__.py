"""Photos of one's own: read one, check a folder of them, find copies, make a task of them."""
