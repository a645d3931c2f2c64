"""The embedded weights, as safetensors with a model card each; no code lives here.

Their terms stand in ``checkpoints/LICENSE`` and are not those of the program.
"""
