"""The outside services that write, hear and speak, each behind a seam of ours."""
