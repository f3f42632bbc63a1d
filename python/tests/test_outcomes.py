"""Outcomes as evaluations give them, and the table under way."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import mirrorscope
from mirrorscope.errors import BadValue
from mirrorscope.outcomes import OutcomesFile, outcomes_of

NAN = float("nan")
ARMS = ["p/intact", "p/t1", "p/t1/r1", "p/t1/r2"]
EXAMPLES = ["a", 'b, the "second"', "c"]
RUN = {"plan_id": ("p", "of another plan")}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([1, 0, 1], {"outcome": [1, 0, 1]}),
        ([True, None, False], {"outcome": [1, NAN, 0]}),
        (np.array([1, NAN, 2], "f4"), {"outcome": [1, NAN, 2]}),
        (np.ma.masked_equal([1, 5, 2], 5), {"outcome": [1, NAN, 2]}),
        ({"b": (1, 2, 3), "a": np.array([True, False, True])}, {"b": [1, 2, 3], "a": [1, 0, 1]}),
    ],
)
def test_outcomes(given, expected):
    found = outcomes_of(given, 3, "outcome")
    assert list(found) == list(expected)
    for name, values in expected.items():
        assert np.array_equal(found[name], values, equal_nan=True)
        assert found[name].dtype == np.float64


def test_outcomes_of_pandas():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"a": pandas.array([1, None, 3], dtype="Int64"), "b": [0.5, NAN, 2]}, index=[7, 8, 9])
    found = outcomes_of(table, 3, "outcome")
    assert np.array_equal(found["a"], [1, NAN, 3], equal_nan=True)
    assert np.array_equal(found["b"], [0.5, NAN, 2], equal_nan=True)
    assert np.array_equal(outcomes_of(table["a"], 3, "x")["x"], [1, NAN, 3], equal_nan=True)
    twice = pandas.DataFrame([[1, 2]] * 3, columns=["a", "a"])
    with pytest.raises(BadValue, match="evaluate gave two outcomes called a; give each a name of its own"):
        outcomes_of(twice, 3, "outcome")


@pytest.mark.torch
def test_outcomes_of_torch(torch):
    found = outcomes_of({"a": torch.tensor([1.5, 2, 3], dtype=torch.bfloat16), "b": torch.tensor([True, False, True])}, 3, "x")
    assert np.array_equal(found["a"], [1.5, 2, 3])
    assert np.array_equal(found["b"], [1, 0, 1])


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([1, 2], "evaluate gave shape [2] for the outcome outcome, and the plan has 3 examples; give one value for each"),
        (0.5, "evaluate gave a single value for the outcome outcome"),
        (np.ones((3, 1)), "evaluate gave shape [3, 1]"),
        ([[1], [1, 2], [3]], "evaluate gave values of different shapes for the outcome outcome"),
        (None, "evaluate gave None for the outcome outcome"),
        ({}, "evaluate gave no outcome; give an array, or several by name."),
        ({1: [1, 2, 3]}, "evaluate gave an outcome called 1; give names that are text."),
        ({"": [1, 2, 3]}, "evaluate gave an outcome called ''"),
        (["a", "b", "c"], "evaluate gave <U1 for the outcome outcome; give numbers."),
        ([1, "b", None], "the outcome outcome is 'b' for example 1 of the plan; give a number."),
        ([1, object(), None], "for example 1 of the plan; give a number."),
        ([1j, 2, 3], "evaluate gave complex128"),
        ({"a": [1, 2, 3], "b": [1, np.inf, 3]}, "the outcome b is inf for example 1 of the plan; give finite numbers, or NaN for none."),
    ],
)
def test_outcomes_that_are_refused(given, sentence):
    with pytest.raises(BadValue, match=re.escape(sentence)):
        outcomes_of(given, 3, "outcome")


def values_of(number):
    return {"help": np.array([number / 3, NAN, 1e-300]), "value": np.array([NAN, -0.0, float(number)])}


def filled(path, arms=ARMS, **options):
    file = OutcomesFile(path, ARMS, EXAMPLES, RUN, overwrite=False, **options)
    for number, arm in enumerate(arms):
        if number >= file.whole_arms:
            file.append(arm, values_of(number))
    return file


def test_the_table(tmp_path):
    path = tmp_path / "outcomes.csv"
    filled(path).finish()
    assert path.read_text().splitlines()[:5] == [
        "arm,example,outcome,value",
        "p/intact,a,help,0.0",
        'p/intact,"b, the ""second""",value,-0.0',
        "p/intact,c,help,1e-300",
        "p/intact,c,value,0.0",
    ]
    assert "p/t1,a,help,0.3333333333333333\n" in path.read_text()
    assert [item.name for item in tmp_path.iterdir()] == ["outcomes.csv"]


def test_outcomes_keep_the_order_in_which_they_first_came(tmp_path):
    file = filled(tmp_path / "outcomes.csv", ARMS[:1])
    file.append(ARMS[1], dict(reversed(values_of(1).items())))
    with pytest.raises(BadValue, match="evaluate gave the outcomes help, but help, value before; give the same for each arm"):
        file.append(ARMS[2], {"help": np.zeros(3)})
    file.finish()
    outcomes = [line.split(",")[-2] for line in (tmp_path / "outcomes.csv").read_text().splitlines()[1:]]
    assert outcomes == ["help", "value", "help", "value"] * 2


@pytest.mark.parametrize("is_continued", [False, True])
def test_an_outcome_is_of_the_same_examples_in_every_arm(tmp_path, is_continued):
    file = filled(tmp_path / "outcomes.csv", ARMS[:2])
    if is_continued:
        file.keep()
        file = filled(tmp_path / "outcomes.csv", [])
        assert file.names == ["help", "value"]
    for help_, sentence in [
        ([0.0, 1.0, 1.0], 'example b, the "second" has one of the outcome help, but none in arm p/intact; an outcome is of the same'),
        ([0.0, NAN, NAN], "example c has none of the outcome help, but one in arm p/intact"),
        ([NAN, NAN, NAN], "evaluate gave no number for the outcome help; give one for some examples at least."),
    ]:
        with pytest.raises(BadValue, match=re.escape(sentence)):
            file.append(ARMS[2], {**values_of(2), "help": np.array(help_)})
    file.append(ARMS[2], values_of(2))
    assert file.whole_arms == 3
    file.keep()


@pytest.mark.parametrize("whole", range(5))
def test_whole_arms_are_kept_wherever_the_files_are_cut(tmp_path, whole):
    """The rows after them are torn at many bytes in turn, and so are the lines that say up to where they go."""
    path = tmp_path / "outcomes.csv"
    filled(path).finish()
    expected = path.read_bytes()
    path.unlink()
    file = filled(path)
    file.keep()
    partial, index = tmp_path / "outcomes.csv.partial", tmp_path / "outcomes.csv.partial.arms"
    rows, lines = partial.read_bytes(), index.read_bytes()
    ends = [len(b"arm,example,outcome,value\n")]
    for line in lines.splitlines()[1:]:
        ends.append(ends[-1] + json.loads(line)["bytes"])
    assert ends[-1] == len(rows)
    kept = b"".join(lines.splitlines(keepends=True)[: whole + 1])
    following = len(lines.splitlines(keepends=True)[whole + 1]) if whole < 4 else 1
    for cut in range(ends[whole], [*ends, ends[-1] + 1][whole + 1], 11):
        # A line without its end as well.
        for torn in (0, following // 2, following - 1):
            partial.write_bytes(rows[:cut])
            index.write_bytes(lines[: len(kept) + torn])
            file = filled(path, [])
            assert file.whole_arms == whole
            for number in range(whole, 4):
                file.append(ARMS[number], values_of(number))
            file.finish()
            assert path.read_bytes() == expected
            path.unlink()


def test_an_arm_whose_rows_were_changed_is_not_kept(tmp_path):
    path = tmp_path / "outcomes.csv"
    filled(path, ARMS[:3]).keep()
    partial = tmp_path / "outcomes.csv.partial"
    partial.write_bytes(partial.read_bytes().replace(b"p/t1,a,help,0.33", b"p/t1,a,help,0.34"))
    file = filled(path, [])
    assert file.whole_arms == 1
    file.keep()


def test_nothing_is_left_where_there_was_no_arm(tmp_path):
    filled(tmp_path / "outcomes.csv", []).keep()
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_had_not_begun_begins_anew(tmp_path):
    path = tmp_path / "outcomes.csv"
    (tmp_path / "outcomes.csv.partial").write_bytes(b"arm,exa")
    filled(path).finish()
    assert len(path.read_text().splitlines()) == 17


def test_what_is_refused(tmp_path):
    path = tmp_path / "outcomes.csv"
    filled(path, ARMS[:2]).keep()
    before = {item.name: item.read_bytes() for item in tmp_path.iterdir()}
    with pytest.raises(mirrorscope.PlanError, match=r"outcomes.csv.partial was left by a run of another plan; finish that one, have"):
        OutcomesFile(path, ARMS, EXAMPLES, {"plan_id": ("q", "of another plan")}, overwrite=False)
    assert {item.name: item.read_bytes() for item in tmp_path.iterdir()} == before
    file = filled(path, ARMS[:3])
    with pytest.raises(mirrorscope.PlanError, match="another program is writing it"):
        filled(path)
    file.keep()
    (tmp_path / "outcomes.csv.partial.arms").unlink()
    with pytest.raises(mirrorscope.PlanError, match="which says of which, is missing or damaged"):
        filled(path)
    OutcomesFile(path, ARMS, EXAMPLES, {"plan_id": ("q", "of another plan")}, overwrite=True).finish()
    with pytest.raises(mirrorscope.PlanError, match="exists already; have it replaced with overwrite=True"):
        filled(path)
