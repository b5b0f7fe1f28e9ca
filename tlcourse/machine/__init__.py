"""The machine: its device, its limits, and what is wrong with its GPU."""
