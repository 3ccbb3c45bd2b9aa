"""Reads an exported model's weights back, so that training can go on from the file that ships."""
import onnx
import torch
from onnx import numpy_helper

# What the names of weights end with that stand in the file a second time.
AGAIN = ".again"


def read_onnx_weights(path):
    """By the names that the network's state has; the export keeps them. Second copies that it adds are left out."""
    tensors = onnx.load(path).graph.initializer
    return {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in tensors if not tensor.name.endswith(AGAIN)}
