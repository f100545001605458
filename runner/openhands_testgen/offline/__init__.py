"""The model that needs no key: a program that stands in for a network."""
