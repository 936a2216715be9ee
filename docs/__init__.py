"""The documents, and what of them is written by a program."""
