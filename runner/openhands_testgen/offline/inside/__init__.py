"""What runs in the user's interpreter: it explores a module by calling it."""
