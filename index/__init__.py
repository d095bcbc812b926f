"""Documents: read, mask, split, embed, store, and search. Knows nothing of answers or of HTTP."""

import os

# Else ONNX Runtime keeps what it observes of its use in the user's cache folder, to be sent to its makers. It looks for
# this when it is loaded, which some module of this package does.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
