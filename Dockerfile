# The page in one image. Weights are fetched and verified while it is built, so that it runs without a network.
FROM python:3.11-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY detector detector
COPY .streamlit .streamlit
COPY streamlit_app.py .
ENV DETECTOR_HOME=/app/weights
RUN python -m detector pull yolov3-tiny
RUN useradd --system page
USER page
EXPOSE 8501
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=3)"]
CMD ["streamlit", "run", "streamlit_app.py", "--server.address=0.0.0.0"]
