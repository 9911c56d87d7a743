"""`python -m server` is `viva`."""

from server.cli import main

main()
