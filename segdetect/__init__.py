"""SegDetect: where in this picture is something wrong?"""

__version__ = "0.1.0"
