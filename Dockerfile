# The image of Weft: Node, the bundle, and nothing to build with.
#
#   docker build -t weft .
#   docker run -d --name weft --network host --restart always --cap-drop ALL --cap-add NET_BIND_SERVICE \
#     --group-add "$(stat -c %g /var/run/docker.sock)" \
#     -v /var/run/docker.sock:/var/run/docker.sock -v weft-data:/var/lib/weft weft
#
# BASE is any slim image with Node 24, a shell and setpriv, such as Debian's. BUILDER is where the bundle is made: the
# same image, unless no registry can be reached from inside a build. Then hand in one made from BASE that already holds
# /weft/node_modules (of `npm ci`) and setcap, and the build fetches nothing; that is how the tests of this repository do it.
ARG BASE=node:24-slim
ARG BUILDER=${BASE}

FROM ${BUILDER} AS build
WORKDIR /weft
COPY package.json package-lock.json ./
RUN test -d node_modules || npm ci --no-audit --no-fund
RUN command -v setcap || (apt-get update && apt-get install -y --no-install-recommends libcap2-bin)
COPY tsconfig.json build.ts ./
COPY deploy/weft.sh deploy/
COPY src src
RUN node build.ts /usr/local/lib/weft && cd /usr/local/lib/weft && rm *.map && echo '{ "type": "module" }' > package.json
# What a run compiles is kept for the agents to come; it counts only at the path where it was made.
RUN cd /usr/local/lib/weft && mkdir compiled && ./weft.sh demo --once
# The one right beyond an ordinary user's is to bind port 53. A file capability on node itself would cost a second copy
# of it (120 MB) and give that right to every script; see deploy/weft.sh for how this small one hands it on.
RUN cd /usr/local/lib/weft && cp "$(readlink -f /usr/bin/setpriv)" with-port-53 && setcap cap_net_bind_service+ep with-port-53

FROM ${BASE}
COPY --from=build /usr/local/lib/weft /usr/local/lib/weft
RUN ln -s ../lib/weft/weft.sh /usr/local/bin/weft \
  && mkdir -p /var/lib/weft /run/weft \
  && chown 10053:10053 /var/lib/weft /run/weft
# Numeric, so that the host needs no such user; the engine's socket is opened by the group given with --group-add.
USER 10053:10053
VOLUME /var/lib/weft
EXPOSE 53/udp 53/tcp 6783/tcp
# The socket of `--api` by default; an agent that is told other addresses needs a check of its own.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["node", "-e", "require('node:http').get({ socketPath: '/run/weft/weft.sock', path: '/readyz', timeout: 2000 }, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
ENTRYPOINT ["weft"]
CMD ["up"]
