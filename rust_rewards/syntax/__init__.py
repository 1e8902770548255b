"""Reads Rust text: the grammar and its nodes, comments and literals, brackets, and the items of a program."""
