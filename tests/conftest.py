"""What every test stands on: no display needed, a home of its own, the same number of threads everywhere.

Fixtures of one room live in that room's own ``conftest.py``.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings

# Below, the environment is set before anything heavy is imported: the libraries read it once, at import.

# Two threads wherever the tests run, so that a slow machine and a fast one round and time alike.
_THREADS = "2"
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ.setdefault(_name, _THREADS)

# Only Linux can lack a display; a plug-in that was chosen (xcb under Xvfb) stays chosen.
if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# Never the person's own settings or gallery, whatever a test opens.
_HOME = Path(tempfile.mkdtemp(prefix="sketch-app-tests-"))
os.environ["SKETCH_APP_HOME"] = str(_HOME)
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)

# `deadline` measures the machine, not the program. CI draws the same examples at every run, so that a red
# run can be repeated; `HYPOTHESIS_PROFILE=thorough` looks further.
_QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("local", deadline=None, max_examples=50, suppress_health_check=_QUIET)
settings.register_profile("ci", settings.get_profile("local"), derandomize=True, database=None)
settings.register_profile("thorough", settings.get_profile("local"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "local"))
