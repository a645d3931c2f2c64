"""How long a test waits for what must happen. These limits end a test that hangs; they measure no machine,
and nothing waits them out where all is well.
"""

from __future__ import annotations

WAIT_S = 120.0
"""Seconds for something in this process, or for a process to say or end."""
WAIT_MS = round(1000 * WAIT_S)
"""The same in Qt's unit."""
RUN_S = 1800.0
"""Seconds for a whole program: its imports, its work, its end."""
