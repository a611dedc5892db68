"""DINOv2 on ONNX Runtime."""

from segdetect.engines.dinov2.engine import Dinov2Engine

__all__ = ["Dinov2Engine"]
