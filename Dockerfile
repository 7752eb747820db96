# The image of Latchkey. It contains no setting and no secret, so it serves any origin: settings come from
# the environment (docs/operate.md). It works with a read-only root file system; only /data is written.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-audit --no-fund
# Only what .dockerignore allows.
COPY . .
# Keys that are created for the build are not used by it, and stay in this stage.
RUN DATA_DIR=/tmp/data node scripts/start.mjs --build-only && rm -rf .next/cache

FROM ${NODE_IMAGE}
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
WORKDIR /app
# Owned by root, so that the server cannot change its own code.
COPY --from=build /app ./
RUN install --directory --mode=700 --owner=node --group=node /data
# Numbers, because Kubernetes does not know by a name that it is not root.
USER 1000:1000
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/livez`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Node itself gets SIGTERM: it lets requests end before the server does.
CMD ["node", "scripts/start.mjs"]
