"""Darknet's two files, a .cfg and a .weights, read by us, and the ONNX graph made of them."""
