"""Inner products of many small vectors of 8 bits with a few of larger numbers, exact, by ONNX Runtime."""

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from index.onnx_model import Session, session

# The greatest number, with either sign, that a column may have: it is taken apart into 64 times one number and another.
LARGEST = 63 * 64
_WHOLE = 64
# A number of 8 bits with its sign is this much less than the same with its first bit turned, which has none. The graph
# takes rows without a sign, of which it takes this away again: processors have instructions for such products alone.
_OFFSET = np.uint8(128)
_GRAPH = Path(__file__).with_name("products.onnx")

Integers = npt.NDArray[np.int32]


def products(rows: npt.NDArray[np.int8], columns: npt.NDArray[np.int16]) -> Integers:
    """Return the inner product of each of `rows`, shape `(n, d)`, with each of `columns`, `(m, d)`: shape `(n, m)`.

    Numbers of columns are at most LARGEST, with either sign. Products are exact on every processor.
    """
    without_sign = np.bitwise_xor(rows.view(np.uint8), _OFFSET)
    whole, rest = (_by_graph(without_sign, part) for part in halves(columns))
    # In place: they are many.
    whole *= _WHOLE
    whole += rest
    return whole


def halves(columns: npt.NDArray[np.int16]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int8]]:
    """Return two parts of numbers, the first of which counts 64 times, neither beyond 64 with either sign.

    x86 processors without VNNI add two products of 8 bits in 16, which greater numbers exceed.
    """
    whole = (columns + _WHOLE // 2) // _WHOLE
    return whole.astype(np.int8), (columns - whole * _WHOLE).astype(np.int8)


def _by_graph(rows: npt.NDArray[np.uint8], columns: npt.NDArray[np.int8]) -> Integers:
    found: Integers = _graph().run(None, {"rows": rows, "columns": columns.T.copy()})[0]
    return found


@cache
def _graph() -> Session:
    return session(_GRAPH.read_bytes())
