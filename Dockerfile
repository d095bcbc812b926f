# The model is made ready in a stage of its own, so that the image that serves holds no PyTorch.
FROM python:3.12-slim AS model
WORKDIR /build
COPY pyproject.toml constraints.txt README.md ./
COPY index index
COPY rag rag
COPY api api
RUN pip install --no-cache-dir --constraint constraints.txt '.[prepare]' \
    && python -m index.preparation sentence-transformers/all-MiniLM-L6-v2 /models

FROM python:3.12-slim
WORKDIR /app
COPY pyproject.toml constraints.txt README.md ./
COPY index index
COPY rag rag
COPY api api
RUN pip install --no-cache-dir --constraint constraints.txt . \
    && useradd --create-home footnote \
    && mkdir /data && chown footnote /data
COPY --from=model /models /models
COPY seeds seeds
ENV RAG_DATA_DIR=/data RAG_MODELS_DIR=/models RAG_HOST=0.0.0.0 PYTHONUNBUFFERED=1
USER footnote
VOLUME /data
EXPOSE 8000
HEALTHCHECK --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=3)"]
# Articles are added by `docker exec … rag index FOLDER` or by PUT /v1/documents/{doc_id}.
CMD ["rag", "serve"]
