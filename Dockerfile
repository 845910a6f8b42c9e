# The API and the worker in one image: the binary (the embedding model is inside it), ONNX Runtime, and
# nothing that builds. It runs as an unprivileged user, writes nothing, and needs DATABASE_URL and
# RUBRICA_JWT_SECRET.
#
#   docker build -t rubrica .
#   docker run --rm -e DATABASE_URL=… rubrica migrate
#   docker run -p 8080:8080 -e DATABASE_URL=… -e RUBRICA_JWT_SECRET=… rubrica
#
# Where this was written there is no container engine, so the image has not been built. Checked by hand
# on Debian 12 were: a build with these flags and cgo; what `rubrica setup` does for ONNX Runtime, into a
# cache folder of its own (fetched by pip, SHA-256 of internal/provision/lock.json); that the folder, with
# the rest removed and its modes set as below, serves another user who may only read it; the libraries
# that ONNX Runtime asks for; and that Debian 12 has the packages. Not checked: that the base images exist
# under these names, the health check as an engine runs it, and the size of the image.

ARG DEBIAN=bookworm

FROM golang:1.26-${DEBIAN} AS build
# pip fetches the pinned wheels. cgo needs the C compiler that is in the image.
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3-pip \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=1 go build -trimpath -ldflags='-s -w' -o /out/rubrica ./cmd/rubrica
# Brings Postgres too, which development mode would start; the image leaves it behind.
RUN RUBRICA_CACHE_DIR=/out/cache /out/rubrica setup \
 && rm -rf /out/cache/postgres-* /out/cache/.[!.]* \
 && chmod -R a+rX /out

FROM debian:${DEBIAN}-slim
# The C++ library is ONNX Runtime's; the certificates are for databases that are reached by TLS.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libstdc++6 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin rubrica
COPY --from=build /out/rubrica /usr/local/bin/rubrica
COPY --from=build /out/cache /usr/local/lib/rubrica
COPY LICENSE /usr/share/doc/rubrica/LICENSE
ENV RUBRICA_MODE=production \
    RUBRICA_ADDRESS=:8080 \
    RUBRICA_CACHE_DIR=/usr/local/lib/rubrica
USER 10001:10001
EXPOSE 8080
# SIGTERM drains; the engine must wait longer than RUBRICA_DRAIN_TIMEOUT (20 s) before it kills:
# docker stop -t 30.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=4s --start-period=30s --retries=3 CMD ["rubrica", "health"]
ENTRYPOINT ["rubrica"]
CMD ["serve"]
