"""The benches and the load are scripts: their folder is put on the path here alone."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
