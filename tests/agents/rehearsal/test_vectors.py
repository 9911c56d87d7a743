import subprocess
import sys

import numpy as np
import pytest

from agents.rehearsal.vectors import nearness, vectors


def test_words_that_mean_nearly_the_same_stand_near_each_other() -> None:
    table = vectors()
    assert nearness(table.of("fast"), table.of("quick")) > 0.5
    assert nearness(table.of("delete"), table.of("remove")) > nearness(table.of("delete"), table.of("soup")) + 0.3


def test_a_word_is_nearest_to_itself_and_nothing_is_near_to_nothing() -> None:
    table = vectors()
    assert nearness(table.of("queue"), table.of("queue")) == 1.0
    assert nearness(table.of(""), table.of("queue")) == 0.0
    assert nearness(table.mean([]), table.of("queue")) == 0.0


def test_a_text_stands_between_its_words_by_their_weight() -> None:
    table = vectors()
    both = table.mean([("stack", 1.0), ("river", 0.1)])
    assert nearness(both, table.of("stack")) > nearness(both, table.of("river"))
    assert float(np.linalg.norm(both)) == pytest.approx(1.0, abs=1e-4)


def test_who_only_talks_never_loads_the_table() -> None:
    talks = (
        "import sys; from agents.rehearsal import RehearsalInterviewer; from agents.library import load_library;"
        "from agents.rehearsal.analysis import read; from agents.scoring import AnswerTurn;"
        "question = load_library().plans['behavioural'].questions[0];"
        "read([AnswerTurn(seq=1, text='I moved the table because it was late.')], question, 'en');"
        "print(sorted({'tokenizers', 'safetensors', 'wordfreq', 'wordllama'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", talks], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
