"""Pure decisions and data: no IO, no clock, no adapter."""
