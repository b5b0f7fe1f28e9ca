"""Networks: the catalog of backbones, the course's own architectures, and their weights."""
