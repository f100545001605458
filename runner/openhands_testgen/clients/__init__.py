"""Thin, typed access to what lies outside: servers, git, files, processes."""
