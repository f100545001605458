"""Fakes: stand-ins at the edges that a test cannot reach; each says in its name that it is one."""
