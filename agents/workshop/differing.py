"""What changed between two versions of a plan and its rubric, thing by thing: known by its id, wherever it stands."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from agents.plans import Competency, ExpectedPoint, Plan, Probe, Question, Rubric

_KNOWN_BY_ID = (Question, ExpectedPoint, Probe, Competency)


class Change(msgspec.Struct, frozen=True):
    """One difference. `path` names things by their ids: `questions[q3].probes[q3.result].text.es`; in the rubric it
    begins with `rubric.`, where an anchor is named by its level: `rubric.competencies[care].anchors[4].en`.

    `before` and `after` are the texts or numbers; of a thing with an id that was added or removed, its text or name;
    of one that moved, its places in the list, from 1.
    """

    kind: Literal["added", "removed", "changed", "moved"]
    path: str
    before: str
    after: str


def difference(before: tuple[Plan, Rubric], after: tuple[Plan, Rubric]) -> tuple[Change, ...]:
    """Every change, in the order of the later version; what was removed stands where it was."""
    plan = _compared(before[0], after[0], "")
    rubric = _compared(before[1], after[1], "rubric")
    return (*plan, *rubric)


def _compared(before: Any, after: Any, path: str) -> Iterator[Change]:
    if before == after:
        return
    if isinstance(before, msgspec.Struct) and isinstance(after, msgspec.Struct):
        for name in before.__struct_fields__:
            yield from _compared(getattr(before, name), getattr(after, name), f"{path}.{name}".lstrip("."))
    elif isinstance(before, dict) and isinstance(after, dict):
        yield from _mappings(before, after, path)
    elif isinstance(before, tuple) and isinstance(after, tuple):
        yield from _lists(before, after, path)
    else:
        yield _change(before, after, path)


def _mappings(before: Mapping[str, Any], after: Mapping[str, Any], path: str) -> Iterator[Change]:
    for key in dict.fromkeys((*before, *after)):
        here = f"{path}.{key}"
        if key not in after:
            yield Change("removed", here, _shown(before[key]), "")
        elif key not in before:
            yield Change("added", here, "", _shown(after[key]))
        else:
            yield from _compared(before[key], after[key], here)


def _lists(before: Sequence[Any], after: Sequence[Any], path: str) -> Iterator[Change]:
    if all(isinstance(item, str) for item in (*before, *after)):
        yield _change(before, after, path)
        return
    if all(isinstance(item, _KNOWN_BY_ID) for item in (*before, *after)):
        yield from _known(before, after, path)
        return
    for place in range(max(len(before), len(after))):
        here = f"{path}[{place + 1}]"
        if place >= len(after):
            yield Change("removed", here, _shown(before[place]), "")
        elif place >= len(before):
            yield Change("added", here, "", _shown(after[place]))
        else:
            yield from _compared(before[place], after[place], here)


def _known(before: Sequence[Any], after: Sequence[Any], path: str) -> Iterator[Change]:
    """Things with ids. Of equal ids in one list, which no saved plan has, the first stands for all."""
    earlier = {item.id: place for place, item in reversed(list(enumerate(before)))}
    later = {item.id: place for place, item in reversed(list(enumerate(after)))}
    for item in before:
        if item.id not in later:
            yield Change("removed", f"{path}[{item.id}]", _shown(item), "")
    stayed = _unmoved([earlier[name] for name in sorted(later, key=later.__getitem__) if name in earlier])
    for name in sorted(later, key=later.__getitem__):
        here = f"{path}[{name}]"
        item = after[later[name]]
        if name not in earlier:
            yield Change("added", here, "", _shown(item))
            continue
        if earlier[name] not in stayed:
            yield Change("moved", here, str(earlier[name] + 1), str(later[name] + 1))
        yield from _compared(before[earlier[name]], item, here)


def _unmoved(places: Sequence[int]) -> set[int]:
    """The most of these places that rise from first to last: whatever else is there was moved."""
    ends: list[int] = []
    lengths: list[int] = []
    for place in places:
        at = bisect_left(ends, place)
        ends[at : at + 1] = [place]
        lengths.append(at + 1)
    kept: set[int] = set()
    wanted = len(ends)
    for place, length in zip(reversed(places), reversed(lengths), strict=True):
        if length == wanted:
            kept.add(place)
            wanted -= 1
    return kept


def _change(before: Any, after: Any, path: str) -> Change:
    kind: Literal["added", "removed", "changed"] = "changed"
    if before is None:
        kind = "added"
    elif after is None:
        kind = "removed"
    return Change(kind, path, _shown(before), _shown(after))


def _shown(value: Any) -> str:
    """A value in words: of a thing its text or name, of a text in several languages all of them."""
    if value is None:
        return ""
    if isinstance(value, Question | Probe | ExpectedPoint):
        return _shown(value.text)
    if isinstance(value, Competency):
        return _shown(value.name)
    if isinstance(value, dict):
        return " / ".join(_shown(item) for item in value.values())
    if isinstance(value, tuple):
        return ", ".join(_shown(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
