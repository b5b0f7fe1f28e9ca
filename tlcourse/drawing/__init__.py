"""The renderer of the drawn tasks: any picture from a class name, a seed and a number.

Start with `render`; `canvas` says why the same seed gives the same pixels everywhere.
"""
