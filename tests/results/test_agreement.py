"""Two detections of one picture: who is matched with whom, and what is said about it."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations_with_replacement, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.results.agreement import (
    COLUMNS,
    KINDS,
    Agreement,
    Kind,
    Pair,
    Summary,
    compare,
    iou_matrix,
    rows,
    summarise,
)
from detector.values import Detections, Floats

NAMES_A, NAMES_B = ("ant", "bee", "cat"), ("cat", "dog", "bee", "ant")  # the same name has other ids
Box = Sequence[float]

HERE: Box = (0, 0, 10, 10)
THERE: Box = (100, 100, 120, 110)


def found(
    *rows: tuple[str, Box], names: tuple[str, ...] = NAMES_A, scores: Sequence[float] = ()
) -> Detections:
    """Detections with these names and boxes; scores fall from 0.9 unless they are given."""
    return Detections(
        boxes=np.array([box for _, box in rows], dtype=np.float32).reshape(-1, 4),
        scores=np.array(scores or np.linspace(0.9, 0.1, len(rows)), dtype=np.float32),
        class_ids=np.array([names.index(label) for label, _ in rows], dtype=np.int64),
        names=names,
        size_wh=(640, 480),
    )


def in_b(*rows: tuple[str, Box], scores: Sequence[float] = ()) -> Detections:
    return found(*rows, names=NAMES_B, scores=scores)


def mirrored(pairs: Sequence[Pair]) -> set[Pair]:
    swapped: dict[Kind, Kind] = {"only a": "only b", "only b": "only a"}
    return {Pair(swapped.get(pair.kind, pair.kind), pair.b, pair.a, pair.iou) for pair in pairs}


def exact_iou(one: Box, other: Box) -> Fraction:
    x1, y1, x2, y2 = [Fraction(value) for value in one]
    u1, v1, u2, v2 = [Fraction(value) for value in other]
    common = max(Fraction(0), min(x2, u2) - max(x1, u1)) * max(Fraction(0), min(y2, v2) - max(y1, v1))
    union = (x2 - x1) * (y2 - y1) + (u2 - u1) * (v2 - v1) - common
    return common / union if union else Fraction(0)


def slow_compare(a: Detections, b: Detections, iou: Fraction) -> set[Pair]:
    """Takes the best pair that is left until none is, in exact numbers."""
    free_a, free_b, pairs = set(range(len(a))), set(range(len(b))), set[Pair]()
    kinds: tuple[Kind, ...] = ("both", "renamed")
    for kind in kinds:
        while True:
            best = None
            for i in free_a:
                for j in free_b:
                    overlap = exact_iou(a.boxes[i].tolist(), b.boxes[j].tolist())
                    rank = (overlap, -(i + j), -abs(i - j), i, j)
                    fits = overlap >= iou and (a.labels[i] == b.labels[j]) == (kind == "both")
                    if fits and (best is None or rank > best):
                        best = rank
            if best is None:
                break
            overlap, _, _, i, j = best
            pairs.add(Pair(kind, i, j, float(np.float32(float(overlap)))))
            free_a.remove(i)
            free_b.remove(j)
    return pairs | {Pair("only a", i, None) for i in free_a} | {Pair("only b", None, j) for j in free_b}


SPANS = list(combinations_with_replacement(range(5), 2))
GRID = [(x1, y1, x2, y2) for (x1, x2), (y1, y2) in product(SPANS, SPANS)]


def some_detections(names: tuple[str, ...]) -> st.SearchStrategy[Detections]:
    """Up to six boxes on a coarse grid: many overlap, coincide, tie, or have no area."""
    choices = list(product(names, GRID))
    return st.lists(st.sampled_from(choices), max_size=6).map(lambda rows: found(*rows, names=names))


DETECTIONS_A, DETECTIONS_B = some_detections(NAMES_A), some_detections(NAMES_B)
THRESHOLDS = st.sampled_from((0.125, 0.25, 0.5, 0.75, 1.0))


@given(DETECTIONS_A, DETECTIONS_B, THRESHOLDS)
def test_pairs_are_those_of_the_slow_loops(a: Detections, b: Detections, iou: float) -> None:
    agreement = compare(a, b, iou)
    assert set(agreement.pairs) == slow_compare(a, b, Fraction(iou))


@given(DETECTIONS_A, DETECTIONS_B, THRESHOLDS)
def test_swapping_the_two_gives_the_mirror_image(a: Detections, b: Detections, iou: float) -> None:
    assert set(compare(b, a, iou).pairs) == mirrored(compare(a, b, iou).pairs)


@given(DETECTIONS_A, DETECTIONS_B, THRESHOLDS)
def test_every_detection_is_in_exactly_one_pair(a: Detections, b: Detections, iou: float) -> None:
    agreement = compare(a, b, iou)
    counts = agreement.counts
    assert sorted(p.a for p in agreement.pairs if p.a is not None) == list(range(len(a)))
    assert sorted(p.b for p in agreement.pairs if p.b is not None) == list(range(len(b)))
    assert counts["both"] + counts["renamed"] + counts["only a"] == len(a)
    assert counts["both"] + counts["renamed"] + counts["only b"] == len(b)
    assert agreement.lengths == (len(a), len(b))
    assert 0 <= agreement.rate <= 1


@given(DETECTIONS_A, DETECTIONS_B, THRESHOLDS)
def test_kinds_say_what_the_names_and_boxes_are(a: Detections, b: Detections, iou: float) -> None:
    for pair in compare(a, b, iou).pairs:
        if pair.a is not None and pair.b is not None:
            assert (a.labels[pair.a] == b.labels[pair.b]) == (pair.kind == "both")
            assert pair.iou >= iou
        else:
            assert pair.iou == 0.0


@given(DETECTIONS_A, DETECTIONS_B)
def test_nothing_left_alone_could_still_be_matched(a: Detections, b: Detections) -> None:
    agreement = compare(a, b)
    left_a = [pair.a for pair in agreement.of_kind("only a") if pair.a is not None]
    left_b = [pair.b for pair in agreement.of_kind("only b") if pair.b is not None]
    assert (iou_matrix(a.boxes[left_a], b.boxes[left_b]) < 0.5).all()


@given(DETECTIONS_A, DETECTIONS_B)
def test_pairs_are_sorted_by_kind_then_index(a: Detections, b: Detections) -> None:
    pairs = compare(a, b).pairs
    keys = [(KINDS.index(p.kind), -1 if p.a is None else p.a, -1 if p.b is None else p.b) for p in pairs]
    assert keys == sorted(keys)


@given(DETECTIONS_A, DETECTIONS_B)
def test_iou_is_that_of_exact_numbers(a: Detections, b: Detections) -> None:
    overlaps = iou_matrix(a.boxes, b.boxes)
    expected = [[float(exact_iou(one, other)) for other in b.boxes.tolist()] for one in a.boxes.tolist()]
    assert overlaps.dtype == np.float32
    assert overlaps.shape == (len(a), len(b))
    np.testing.assert_array_equal(overlaps, np.array(expected, dtype=np.float32).reshape(overlaps.shape))


def test_iou_of_boxes_in_the_tenths_of_pixels_is_as_exact() -> None:
    rng = np.random.default_rng(0)
    corners, sizes = rng.uniform(-20, 600, (2, 30, 2)), rng.uniform(1, 400, (2, 30, 2))
    one, other = np.concatenate([corners, corners + sizes], axis=2).astype(np.float32)
    expected = [[float(exact_iou(x, y)) for y in other.tolist()] for x in one.tolist()]
    np.testing.assert_allclose(iou_matrix(one, other), expected, rtol=1e-6)


@pytest.mark.parametrize("boxes", [(5, 5, 5, 5), (0, 5, 10, 5), (5, 0, 5, 10), (8, 8, 2, 2)])
def test_a_box_without_area_overlaps_nothing_not_even_itself(boxes: Box) -> None:
    flat, whole = np.array([boxes], dtype=np.float32), np.array([HERE], dtype=np.float32)
    for one, other in ((flat, flat), (flat, whole), (whole, flat)):
        np.testing.assert_array_equal(iou_matrix(one, other), [[0]])


def test_boxes_that_only_touch_do_not_overlap() -> None:
    here, beside = (np.array([box], dtype=np.float32) for box in (HERE, (10, 0, 20, 10)))
    np.testing.assert_array_equal(iou_matrix(here, beside), [[0]])


@pytest.mark.parametrize(("n", "m"), [(0, 0), (0, 3), (3, 0)])
def test_the_iou_of_no_boxes_has_no_rows_or_columns(n: int, m: int) -> None:
    one, other = np.ones((n, 4), dtype=np.float32), np.ones((m, 4), dtype=np.float32)
    assert iou_matrix(one, other).shape == (n, m)


def test_a_huge_box_has_an_iou_of_one_with_itself() -> None:
    huge: Floats = np.array([[-3e38, -3e38, 3e38, 3e38]], dtype=np.float32)
    np.testing.assert_array_equal(iou_matrix(huge, huge), [[1]])


def test_identical_detections_agree_fully() -> None:
    a = found(("ant", HERE), ("bee", THERE), ("ant", (3, 0, 13, 10)))
    agreement = compare(a, a)
    assert agreement.pairs == tuple(Pair("both", i, i, 1.0) for i in range(3))
    assert agreement.rate == 1.0


def test_one_class_under_two_ids_is_one_class() -> None:
    agreement = compare(found(("ant", HERE)), in_b(("ant", HERE)))
    assert agreement.pairs == (Pair("both", 0, 0, 1.0),)


def test_one_id_for_two_classes_is_two_classes() -> None:
    agreement = compare(found(("ant", HERE)), in_b(("cat", HERE)))
    assert agreement.pairs == (Pair("renamed", 0, 0, 1.0),)
    assert agreement.rate == 0.0


def test_disjoint_detections_are_all_alone() -> None:
    agreement = compare(found(("ant", HERE)), in_b(("ant", THERE)))
    assert agreement.pairs == (Pair("only a", 0, None), Pair("only b", None, 0))
    assert agreement.counts == {"both": 0, "only a": 1, "only b": 1, "renamed": 0}


def test_where_neither_found_anything_they_agree() -> None:
    agreement = compare(found(), in_b())
    assert agreement == Agreement(())
    assert agreement.rate == 1.0
    assert agreement.counts == {"both": 0, "only a": 0, "only b": 0, "renamed": 0}
    assert rows(agreement, found(), in_b()) == []


def test_where_one_found_nothing_the_other_is_alone() -> None:
    assert compare(found(("ant", HERE)), in_b()).pairs == (Pair("only a", 0, None),)
    assert compare(found(), in_b(("ant", HERE))).pairs == (Pair("only b", None, 0),)


def test_of_two_candidates_the_closer_is_taken_even_when_less_sure() -> None:
    agreement = compare(found(("ant", HERE)), in_b(("ant", (0, 0, 10, 8)), ("ant", (0, 0, 10, 9))))
    assert agreement.pairs == (Pair("both", 0, 1, float(np.float32(0.9))), Pair("only b", None, 0))


def test_the_same_name_goes_before_a_closer_box() -> None:
    agreement = compare(found(("ant", HERE)), in_b(("dog", HERE), ("ant", (0, 0, 10, 6))))
    assert agreement.pairs == (Pair("both", 0, 1, float(np.float32(0.6))), Pair("only b", None, 0))


def test_what_is_left_is_matched_under_another_name() -> None:
    a = found(("ant", HERE), ("cat", HERE))
    b = in_b(("dog", (0, 0, 10, 9)), ("ant", HERE))
    assert compare(a, b).pairs == (Pair("both", 0, 1, 1.0), Pair("renamed", 1, 0, float(np.float32(0.9))))


def test_of_equal_overlaps_the_surer_detections_are_matched() -> None:
    a, b = found(("ant", HERE), ("ant", HERE)), in_b(*[("ant", HERE)] * 3)
    expected = (Pair("both", 0, 0, 1.0), Pair("both", 1, 1, 1.0), Pair("only b", None, 2))
    assert compare(a, b).pairs == expected
    assert set(compare(b, a).pairs) == mirrored(expected)


def test_a_greedy_match_may_leave_alone_what_a_better_choice_would_pair() -> None:
    a = found(("ant", (0, 0, 10, 10)), ("ant", (0, 0, 16, 10)))
    b = in_b(("ant", (0, 0, 12, 10)), ("ant", (0, 0, 5, 10)))
    agreement = compare(a, b)  # 0-1 and 1-0 would be two pairs
    assert agreement.counts == {"both": 1, "only a": 1, "only b": 1, "renamed": 0}
    assert agreement.of_kind("both")[0].iou == pytest.approx(10 / 12)


@pytest.mark.parametrize(("iou", "kind"), [(0.5, "both"), (0.500001, "only a")])
def test_an_overlap_of_exactly_the_threshold_is_enough(iou: float, kind: Kind) -> None:
    agreement = compare(found(("ant", HERE)), in_b(("ant", (0, 0, 10, 5))), iou)
    assert agreement.pairs[0].kind == kind


@pytest.mark.parametrize("tenths", range(1, 11))
def test_a_threshold_that_has_no_exact_binary_form_is_met_too(tenths: int) -> None:
    agreement = compare(found(("ant", HERE)), in_b(("ant", (0, 0, 10, tenths))), tenths / 10)
    assert agreement.rate == 1.0


def test_disjoint_boxes_do_not_match_at_the_smallest_threshold() -> None:
    assert compare(found(("ant", HERE)), in_b(("ant", THERE)), 1e-60).counts["both"] == 0


@pytest.mark.parametrize("iou", [0.0, -0.5, 1.01, float("nan")])
def test_a_threshold_that_means_nothing_is_refused(iou: float) -> None:
    with pytest.raises(ValueError, match="over 0 and up to 1"):
        compare(found(), in_b(), iou)


def test_detections_of_pictures_of_different_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"not of \(640, 480\) and \(480, 640\) pixels"):
        compare(found(), replace(in_b(), size_wh=(480, 640)))


@pytest.mark.parametrize(
    ("kind", "a", "b"),
    [("both", 0, None), ("renamed", None, 0), ("only a", 0, 0), ("only b", 0, None), ("only a", None, None)],
)
def test_a_pair_whose_kind_does_not_fit_is_refused(kind: Kind, a: int | None, b: int | None) -> None:
    with pytest.raises(ValueError, match="does not have the indices"):
        Pair(kind, a, b)


@pytest.mark.parametrize(
    "pairs",
    [
        (Pair("both", 0, 0, 1.0), Pair("only a", 0, None)),
        (Pair("both", 0, 0, 1.0), Pair("only b", None, 0)),
        (Pair("only a", 1, None),),
    ],
)
def test_an_agreement_with_a_detection_twice_or_missing_is_refused(pairs: tuple[Pair, ...]) -> None:
    with pytest.raises(ValueError, match="exactly one pair"):
        Agreement(pairs)


FOUR_A = found(("bee", (40, 0, 50, 10)), ("ant", HERE), ("cat", THERE), ("ant", (200, 0, 210, 10)))
FOUR_B = in_b(("ant", HERE), ("dog", THERE), ("bee", (300, 0, 310, 10)), scores=(1.0, 0.5, 0.25))
A_SCORES = FOUR_A.scores.tolist()


def test_rows_are_sorted_by_kind_then_falling_best_score() -> None:
    expected = [
        (1, "both", "ant", "ant", A_SCORES[1], 1.0, 1.0),
        (2, "only A", "bee", None, A_SCORES[0], None, None),
        (3, "only A", "ant", None, A_SCORES[3], None, None),
        (4, "only B", None, "bee", None, 0.25, None),
        (5, "other name", "cat", "dog", A_SCORES[2], 0.5, 1.0),
    ]
    assert rows(compare(FOUR_A, FOUR_B), FOUR_A, FOUR_B) == [
        dict(zip(COLUMNS, row, strict=True)) for row in expected
    ]


def test_the_better_of_two_scores_decides_the_order_of_rows() -> None:
    a = found(("ant", HERE), ("bee", THERE), scores=(0.875, 0.5))
    b = in_b(("bee", THERE), ("ant", HERE), scores=(0.75, 0.125))
    for one, other in ((a, b), (b, a)):
        assert [row["label A"] for row in rows(compare(one, other), one, other)] == ["ant", "bee"]


def test_rows_hold_plain_python_values() -> None:
    kinds = [int, str, str, str, float, float, float]
    first = rows(compare(FOUR_A, FOUR_B), FOUR_A, FOUR_B)[0]
    assert [type(cell) for cell in first.values()] == kinds


def test_rows_of_other_detections_than_those_compared_are_refused() -> None:
    with pytest.raises(ValueError, match="not the detections that were compared"):
        rows(compare(FOUR_A, FOUR_B), FOUR_B, FOUR_A)


def test_a_summary_adds_up_and_names_the_most_different_picture_first() -> None:
    same, other = compare(FOUR_A, FOUR_A), compare(FOUR_A, FOUR_B)
    alone = compare(FOUR_A, in_b())
    pictures = [("d", same), ("c", alone), ("b", same), ("a", other), ("nothing", Agreement(()))]
    assert summarise(pictures) == Summary(
        counts={"both": 4 + 1 + 4, "only a": 4 + 2, "only b": 1, "renamed": 1},
        pictures=("a", "c", "b", "d", "nothing"),
    )


def test_the_share_of_agreement_does_not_decide_the_order_of_pictures() -> None:
    many = Agreement(
        (*(Pair("both", i, i, 1.0) for i in range(9)), Pair("only a", 9, None), Pair("only a", 10, None))
    )
    one = Agreement((Pair("only a", 0, None),))
    assert summarise([("one", one), ("many", many)]).pictures == ("many", "one")


def test_a_summary_of_no_pictures_is_all_zeros() -> None:
    assert summarise([]) == Summary(dict.fromkeys(KINDS, 0), ())
