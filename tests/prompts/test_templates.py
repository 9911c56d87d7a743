"""Templates are read strictly and filled in one pass; what a prompt says is pinned to its version."""

import re
from pathlib import Path

import pytest

from prompts import PromptError, element, load_prompt, read_template

GOOD = """---
name: greet
version: 1
purpose: Says hello.
tier: fast
max_tokens: 10
effort: low
variables: who, what
---
Say {{what}} to {{who}}, twice: {{what}}.
"""


def write(folder: Path, text: str, name: str = "greet") -> Path:
    path = folder / f"{name}.md"
    path.write_text(text)
    return path


def test_a_template_is_filled_and_says_what_it_is(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    prompt = load_prompt("greet", tmp_path)
    assert (prompt.name, prompt.version, prompt.tier, prompt.effort, prompt.max_tokens) == (
        "greet", "1", "fast", "low", 10,
    )  # fmt: skip
    assert prompt.main.render({"who": "Ana", "what": "hello"}) == "Say hello to Ana, twice: hello.\n"


def test_what_is_filled_in_is_escaped_and_never_read_again(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    filled = load_prompt("greet", tmp_path).main.render({"who": "{{what}} & <b>", "what": "hi"})
    assert "Say hi to {{what}} &amp; &lt;b&gt;, twice" in filled


def test_a_block_is_filled_in_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    block = element("who", "<Ana>", at_most=10)
    filled = load_prompt("greet", tmp_path).main.render({"who": block, "what": "hi"})
    assert "to <who>&lt;Ana&gt;</who>, twice" in filled


@pytest.mark.parametrize("values", [{"who": "a"}, {"who": "a", "what": "b", "more": "c"}, {}])
def test_values_other_than_those_declared_are_refused(tmp_path: Path, values: dict[str, str]) -> None:
    template = read_template(write(tmp_path, GOOD))
    with pytest.raises(KeyError, match="greet takes"):
        template.render(values)


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ("version: 1", "version: 1\nmood: kind", 4, "`mood: kind` is not known"),
        ("effort: low\n", "", 8, "`effort` is missing"),
        ("tier: fast", "tier: fastest", 5, "`tier` is `fastest`"),
        ("version: 1", "version: one", 3, "`version` is `one`"),
        ("version: 1", "version: 1\nversion: 2", 4, "a second time"),
        ("max_tokens: 10", "max_tokens: 0", 6, "`max_tokens` is `0`"),
        ("name: greet", "name: other", 2, "not the file's name"),
        ("variables: who, what", "variables: who, what, when", 8, "`when` is declared and not used"),
        ("variables: who, what", "variables: who", 10, "`what` is not declared"),
        ("variables: who, what", "variables: who, what, who", 8, "declared twice"),
        ("to {{who}}", "to {{who}} {{ who }}", 10, "braces"),
        ("to {{who}}", "to {{who}} }}", 10, "braces"),
        ("---\nname", "name", 1, "front matter"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_file_and_line(
    tmp_path: Path, old: str, new: str, line: int, problem: str
) -> None:
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(PromptError, match=re.escape(problem)) as raised:
        read_template(path)
    assert raised.value.line == line
    assert str(raised.value).startswith(f"greet.md, line {line}: ")


def test_a_part_changes_its_prompts_digest_and_cannot_be_loaded_by_itself(tmp_path: Path) -> None:
    for folder, words in (("one", "Yes."), ("two", "No.")):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder, GOOD)
        part = f"---\nname: greet_more\npart_of: greet\npurpose: More.\nvariables:\n---\n{words}\n"
        write(tmp_path / folder, part, "greet_more")
    one, two = (load_prompt("greet", tmp_path / folder) for folder in ("one", "two"))
    assert one.part("greet_more").render({}) == "Yes.\n"
    assert one.digest != two.digest
    with pytest.raises(PromptError, match="this is a part"):
        load_prompt("greet_more", tmp_path / "one")


def test_a_file_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match=r"gone\.md: the file cannot be read"):
        load_prompt("gone", tmp_path)


PINNED = {
    ("coach", "1"): "2cfb68c562de64819c9aafd73009c8aeece0598d987149210c81009e746f4abc",
    ("plan_draft", "1"): "efbfbff623513845113dc6a5792d0af8bba019fed5b3526026251531274ac833",
    ("reply", "1"): "5e33373a1725c4981e160024e9c53185a356837ef5b52753b089f666c0c42efc",
    ("score", "1"): "de81f93c56fbe438ed18a0b7720f801259eed642d63f7ec8902b3648686dec2d",
    ("score", "2"): "3281d3d9f124c069e4e3264de6c02d769b6d8ba21189b6ec9c76ee5f2cfb1266",
}


@pytest.mark.parametrize("name", ["reply", "score", "coach", "plan_draft"])
def test_a_prompt_that_says_something_else_has_another_version(name: str) -> None:
    prompt = load_prompt(name)
    told = "Give the prompt a higher version, and pin what it says now under that."
    assert PINNED.get((name, prompt.version)) == prompt.digest, told


def test_every_file_belongs_to_a_prompt() -> None:
    folder = Path(load_prompt("reply").main.path).parent
    known = {
        template.name
        for name in ("reply", "score", "coach", "plan_draft")
        for template in (load_prompt(name).main, *load_prompt(name).parts.values())
    }
    assert {path.stem for path in folder.glob("*.md")} == known
