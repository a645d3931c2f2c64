"""What sees and imagines: encoders, captioners, generators, where their weights come from, and recipes for
them.

Nothing heavy is imported here; see the modules.
"""

import os

# huggingface_hub reads it once, when it is imported: what it sends then says nothing of who asks, and it asks
# for nothing that the program has not asked it for.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
