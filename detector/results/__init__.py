"""What shells show and hand out, made from detections."""
