"""Run by a Python with OpenCV 5, with MODEL.onnx: a forward pass for each line; its milliseconds go out."""

import sys
import time

import cv2
import numpy as np

net = cv2.dnn.readNetFromONNX(sys.argv[1])
names = net.getUnconnectedOutLayersNames()
tensor = np.random.default_rng(0).random((1, 3, 416, 416), dtype=np.float32)
print(cv2.__version__, flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    net.setInput(tensor)
    net.forward(names)
    print(1000 * (time.perf_counter() - start), flush=True)
