"""The report page: one HTML file that needs nothing else, from one task's result."""
