# One image per service: docker build --build-arg SERVICE=command-service . And one with the operators' commands: --target tools.
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

# Compiles everything at once, so that the images share this stage. `local` stays out: its servers weigh 200 MB.
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

# The commands of docs/commands.md, by the same names: docker compose run --rm tools verify
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
# In a clone this builds what has changed; here everything is built. The data lake is a volume, and its owner writes to it.
RUN touch local/prepare.mjs && install -d -o node -g node data-lake
USER node
ENV NODE_ENV=production npm_config_cache=/tmp/npm npm_config_update_notifier=false
ENTRYPOINT ["npm", "run", "--silent"]

# What this one service needs at run time, and no more.
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
# 25 kB without dependencies: an image of its own would need all of command-service for the import.
COPY --from=build /app/demo demo
WORKDIR /app/${SERVICE}
USER node
CMD ["node", "--enable-source-maps", "dist/main.js"]
