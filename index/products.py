"""Inner products of many small vectors of 8 bits with a few others, exact, by one run of ONNX Runtime."""

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from index.onnx_model import opened

# A number of 8 bits with its sign is this much less than the same with its first bit turned, which has none. The graph
# takes rows without a sign, of which it takes this away again: processors have instructions for such products alone.
_OFFSET = np.uint8(128)
_GRAPH = Path(__file__).with_name("products.onnx")


def products(rows: npt.NDArray[np.int8], columns: npt.NDArray[np.int8]) -> npt.NDArray[np.int32]:
    """Return the inner product of each of `rows`, shape `(n, d)`, with each of `columns`, `(m, d)`: shape `(n, m)`."""
    without_sign = np.bitwise_xor(rows.view(np.uint8), _OFFSET)
    found: npt.NDArray[np.int32] = _graph().run(None, {"rows": without_sign, "columns": columns.T.copy()})[0]
    return found


@cache
def _graph() -> onnxruntime.InferenceSession:
    return opened(_GRAPH.read_bytes())
