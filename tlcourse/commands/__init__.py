"""The sub-commands of `tlcourse`: `tlcourse NAME` runs `NAME.main(argv)` of this folder.

A module here has arguments and words for a terminal, and nothing else that could be of use.
"""
