"""How well answers are judged: graded sets, pairs that differ in the person only, attempts to move a level, time."""
