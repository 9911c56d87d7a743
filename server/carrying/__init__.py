"""One interview as a file: out of one installation, into another, the same to the byte."""
