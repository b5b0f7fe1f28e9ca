"""How the bundled weights were made; each recipe can be run again."""
