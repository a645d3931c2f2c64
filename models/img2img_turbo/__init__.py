"""Img2Img-Turbo (Parmar et al. 2024, "One-Step Image Translation with Text-to-Image Models"): a sketch and a
sentence to a picture in one step. Use it through `models.img2img_turbo.generator`; nothing is imported here.
"""
