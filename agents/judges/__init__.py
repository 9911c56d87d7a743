"""Judges by model: what they see of an answer, what they may rest a level on, and what several come to together."""
