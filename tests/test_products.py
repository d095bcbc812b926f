"""Products of vectors of 8 bits, against numpy's in 32."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import products as module
from index.products import LARGEST, halves, products

ROWS, COLUMNS = np.arange(-128, 128), np.arange(-LARGEST, LARGEST + 1)


def drawn(numbers: npt.NDArray[np.int64], shape: tuple[int, int], seed: int) -> npt.NDArray[np.int64]:
    chosen: npt.NDArray[np.int64] = np.random.default_rng(seed).choice(numbers, shape)
    return chosen


@given(rows=st.integers(0, 40), columns=st.integers(1, 20), dimension=st.integers(1, 200), seed=st.integers(0, 1000))
def test_products_are_exact(rows: int, columns: int, dimension: int, seed: int) -> None:
    one, other = drawn(ROWS, (rows, dimension), seed), drawn(COLUMNS, (columns, dimension), seed + 1)
    found = products(one.astype(np.int8), other.astype(np.int16))
    assert found.dtype == np.int32
    assert (found == one @ other.T).all()


@pytest.mark.parametrize("row", [-128, 127])
@pytest.mark.parametrize("column", [-LARGEST, LARGEST])
def test_the_greatest_products_are_exact(row: int, column: int) -> None:
    one, other = np.full((3, 384), row, dtype=np.int8), np.full((2, 384), column, dtype=np.int16)
    assert (products(one, other) == 384 * row * column).all()


def test_no_part_of_a_column_exceeds_what_processors_without_vnni_add_in_16_bits() -> None:
    whole, rest = (part.astype(np.int64) for part in halves(COLUMNS.astype(np.int16)))
    assert (64 * whole + rest == COLUMNS).all()
    # They add two products of a number of 8 bits without a sign and one with a sign.
    assert 2 * 255 * np.abs([whole, rest]).max() < 2**15


def test_the_graph_is_what_it_says() -> None:
    (graph,) = [onnx.load(Path(module.__file__).with_suffix(".onnx")).graph]
    assert [node.op_type for node in graph.node] == ["MatMulInteger"]
    assert [value.name for value in (*graph.input, *graph.output)] == ["rows", "columns", "products"]
    assert onnx.numpy_helper.to_array(graph.initializer[0]) == 128
