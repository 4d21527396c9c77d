# The gateway in a container: `docker build -t joint-use-gateway .`, or `docker compose up`.
# The base is pinned by tag; a build that must repeat bit for bit names its digest as well (`…@sha256:…`), which has to
# be read from the registry that you trust.
FROM python:3.11.14-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /srv
COPY requirements.lock .
# Hash-locked wheels and nothing else: no compiler, no source distribution, no package outside the lock.
RUN python -m venv --without-pip /opt/gateway \
 && pip --python /opt/gateway/bin/python install --require-hashes --only-binary :all: -r requirements.lock
COPY gateway gateway
RUN python -m compileall -q gateway /opt/gateway/lib

FROM python:3.11.14-slim-bookworm
ENV PATH=/opt/gateway/bin:$PATH \
    PYTHONPATH=/srv \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# The fonts that documents (PDF) are set in.
RUN apt-get update \
 && apt-get install -y --no-install-recommends fonts-noto-cjk \
 && rm -rf /var/lib/apt/lists/*
# The folders that volumes are mounted on belong to the one who runs, so that a new volume does, too.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin gateway \
 && install -d -o gateway -g gateway -m 0755 /secrets/database /secrets/source \
 && install -d -o gateway -g gateway -m 0700 /keys /signer
COPY --from=build /opt/gateway /opt/gateway
COPY --from=build /srv/gateway /srv/gateway
WORKDIR /srv
USER 10001:10001
EXPOSE 8400
# /livez under the issuer's own name: any other Host is refused. Where the gateway itself ends TLS, replace this check.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import http.client as h, os, urllib.parse as u; c = h.HTTPConnection('127.0.0.1', int(os.environ.get('GATEWAY_PORT', '8400')), timeout=4); c.request('GET', '/livez', headers={'Host': u.urlsplit(os.environ['GATEWAY_ISSUER']).netloc}); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["python", "-m", "gateway"]
CMD ["serve"]
