# The image of Viva: one for serving, working and migrating, told apart by its command.

FROM node:22-bookworm-slim AS pages
WORKDIR /app/server/pages
COPY server/pages/package.json server/pages/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY server/pages/ ./
RUN npm run build

FROM python:3.11-slim-bookworm AS environment
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
RUN pip install --no-cache-dir --quiet uv
WORKDIR /app
# What changes seldom comes first: the libraries, then our own code.
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --compile-bytecode --no-install-project --no-cache
COPY README.md LICENSE ./
COPY server ./server
COPY agents ./agents
COPY prompts ./prompts
COPY storage ./storage
COPY migrations ./migrations
RUN uv sync --frozen --no-dev --compile-bytecode --no-cache
COPY --from=pages /app/server/pages/static/built ./server/pages/static/built

FROM python:3.11-slim-bookworm
# A report is printed with the fonts that are there; without one there is no PDF.
RUN apt-get update && apt-get install -y --no-install-recommends fonts-liberation && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /var/lib/viva --create-home --shell /usr/sbin/nologin viva
COPY --from=environment /app /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    VIVA_ENVIRONMENT=production VIVA_HOME=/var/lib/viva VIVA_HOST=0.0.0.0 VIVA_PORT=8000
USER viva
WORKDIR /app
VOLUME /var/lib/viva
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['VIVA_PORT']}/healthz\", timeout=4)"]
ENTRYPOINT ["viva"]
CMD ["serve"]
