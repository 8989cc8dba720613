# Builds one image per service: docker build --build-arg SERVICE=command-service .
# The image with the operators' commands is --target tools.
ARG SERVICE

FROM node:24-trixie-slim AS manifests
WORKDIR /app
COPY package.json package-lock.json ./
COPY contracts/package.json contracts/
COPY chassis/package.json chassis/
COPY command-service/package.json command-service/
COPY consumer-service/package.json consumer-service/
COPY query-service/package.json query-service/
COPY local/package.json local/
COPY demo/package.json demo/
COPY operations/package.json operations/
COPY archive/package.json archive/

# Compiles all parts at once, so that the images share this stage. `local` is left out, because its servers take 200 MB.
FROM manifests AS build
RUN --mount=type=cache,target=/root/.npm \
    npm ci --ignore-scripts --no-audit --no-fund --include-workspace-root \
      -w contracts -w chassis -w command-service -w consumer-service -w query-service -w operations -w archive
COPY tsconfig.base.json ./
COPY contracts contracts
COPY chassis chassis
COPY command-service command-service
COPY consumer-service consumer-service
COPY query-service query-service
COPY demo demo
COPY operations operations
COPY archive archive
RUN node_modules/.bin/tsc -b command-service consumer-service query-service query-service/page demo operations archive \
 && rm -rf */src */page/src */tsconfig.json */page/tsconfig.json

# The commands of docs/commands.md under the same names: docker compose run --rm tools verify
FROM manifests AS tools
RUN --mount=type=cache,target=/root/.npm \
    npm ci --ignore-scripts --no-audit --no-fund --omit=dev \
      -w command-service -w consumer-service -w operations -w archive
COPY --from=build /app/contracts contracts
COPY --from=build /app/chassis chassis
COPY --from=build /app/command-service command-service
COPY --from=build /app/consumer-service consumer-service
COPY --from=build /app/operations operations
COPY --from=build /app/archive archive
COPY init-write.sql init-read.sql ./
COPY migrations migrations
# The commands run local/prepare.mjs first. In a clone it builds what has changed. Here it is empty, because everything is
# built. The data lake is a volume that must belong to the user node.
RUN touch local/prepare.mjs && install -d -o node -g node data-lake
USER node
ENV NODE_ENV=production npm_config_cache=/tmp/npm npm_config_update_notifier=false
ENTRYPOINT ["npm", "run", "--silent"]

# The run-time dependencies of one service.
FROM manifests AS dependencies
ARG SERVICE
RUN --mount=type=cache,target=/root/.npm \
    npm ci --ignore-scripts --no-audit --no-fund --omit=dev -w "${SERVICE:?say --build-arg SERVICE=command-service}"

FROM node:24-trixie-slim
ARG SERVICE
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app ./
COPY --from=build /app/contracts contracts
COPY --from=build /app/chassis chassis
COPY --from=build /app/${SERVICE} ${SERVICE}
# The demo is in each image, because it is small, has no dependencies, and needs command-service for its import.
COPY --from=build /app/demo demo
# The migrations are in each image, too, so that the schema of a release comes with its code: node ../operations/dist/migrate.main.js
COPY --from=build /app/operations operations
COPY init-write.sql init-read.sql ./
COPY migrations migrations
WORKDIR /app/${SERVICE}
USER node
CMD ["node", "--enable-source-maps", "dist/main.js"]
