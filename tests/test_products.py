"""Products of vectors of 8 bits, against numpy's in 32."""

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import products as module
from index.products import products

EXTREMES = np.array([-128, -127, -1, 0, 1, 126, 127], dtype=np.int8)


@given(
    rows=st.integers(0, 40),
    columns=st.integers(1, 20),
    dimension=st.integers(1, 200),
    seed=st.integers(0, 1000),
    extreme=st.booleans(),
)
def test_products_are_exact(rows: int, columns: int, dimension: int, seed: int, extreme: bool) -> None:
    drawn = np.random.default_rng(seed)
    numbers = EXTREMES if extreme else np.arange(-128, 128, dtype=np.int16).astype(np.int8)
    one, other = drawn.choice(numbers, (rows, dimension)), drawn.choice(numbers, (columns, dimension))
    found = products(one, other)
    assert found.dtype == np.int32
    assert (found == one.astype(np.int32) @ other.astype(np.int32).T).all()


@pytest.mark.parametrize("extreme", [-128, 127])
def test_the_greatest_products_do_not_overflow(extreme: int) -> None:
    one, other = np.full((3, 1024), extreme, dtype=np.int8), np.full((2, 1024), 127, dtype=np.int8)
    assert (products(one, other) == 1024 * 127 * extreme).all()


def test_the_graph_is_what_it_says() -> None:
    (graph,) = [onnx.load(module.__file__.replace("products.py", "products.onnx")).graph]
    assert [node.op_type for node in graph.node] == ["MatMulInteger"]
    assert [value.name for value in (*graph.input, *graph.output)] == ["rows", "columns", "products"]
    assert onnx.numpy_helper.to_array(graph.initializer[0]) == 128
