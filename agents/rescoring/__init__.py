"""Scores given once more beside the live ones, compared with them, and looked after."""
