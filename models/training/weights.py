"""Reads an exported model's weights back, so that training can go on from the file that ships."""
import onnx
import torch
from onnx import numpy_helper


def read_onnx_weights(path):
    """By the names that the network's state has; the export keeps them."""
    return {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in onnx.load(path).graph.initializer}
