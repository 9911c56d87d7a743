"""What whoever practised is told first, and what keeps it to what they said."""
