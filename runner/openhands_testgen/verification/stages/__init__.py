"""The stages of the verdict, cheapest first: each a pure decision and what feeds it."""
