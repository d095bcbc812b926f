# syntax=docker/dockerfile:1
# Both stages are scripts that run without Docker, too; `make stages` tries them.
FROM python:3.12-slim AS prepare
# An index of PyTorch's CPU builds, where pip would fetch it with CUDA.
ARG PIP_EXTRA_INDEX_URL
ENV PIP_NO_CACHE_DIR=1
WORKDIR /app
COPY . .
RUN deploy/prepare.sh /prepared

FROM python:3.12-slim
ENV PIP_NO_CACHE_DIR=1
WORKDIR /app
RUN --mount=type=bind,target=/app --mount=type=bind,from=prepare,source=/prepared,target=/prepared \
    deploy/install.sh /prepared /opt/footnote \
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin footnote
COPY --from=prepare /prepared/models /models
# A new volume begins with the articles of seeds/; nothing else is written to but /tmp.
COPY --from=prepare --chown=10001:10001 /prepared/data /data
# ONNX Runtime would report to its makers, and keep an id for that below HOME.
ENV PATH=/opt/footnote/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 ORT_DISABLE_TELEMETRY=1 \
    RAG_DATA_DIR=/data RAG_MODELS_DIR=/models RAG_HOST=0.0.0.0 RAG_LOG_FORMAT=json
USER 10001:10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=3)"]
CMD ["rag", "serve"]
