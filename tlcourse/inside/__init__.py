"""What layers see: activations, heat maps, similarity of representations."""
