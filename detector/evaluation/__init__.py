"""How right detections are: pictures with labels, measured by COCO's rules."""
