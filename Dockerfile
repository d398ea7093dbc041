# Framegate in a container.
#
#     docker build -t framegate .
#     docker run --rm -p 127.0.0.1:8080:8080 framegate serve --allow-open
#
# A container has to listen on all its addresses to be reached at all, and
# Framegate refuses that without authentication, which is not built yet.
# --allow-open says that you know; it is left to you on purpose, together with
# the 127.0.0.1 in front of the published port, which keeps the cameras on this
# machine. A configuration is mounted:
#
#     -v ./framegate.yaml:/etc/framegate.yaml:ro ... serve --allow-open --config /etc/framegate.yaml

FROM golang:1.26-trixie AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o /framegate ./gateway

FROM debian:trixie-slim
# The fonts are for the clock in the test pattern, the certificates for cameras
# behind https.
RUN apt-get update \
	&& apt-get install -y --no-install-recommends ca-certificates ffmpeg fonts-dejavu-core tini \
	&& rm -rf /var/lib/apt/lists/* \
	&& useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin framegate
COPY --from=build /framegate /usr/local/bin/framegate
USER framegate
ENV FRAMEGATE_LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=6s --start-period=5s --retries=3 CMD ["framegate", "healthcheck"]
# tini passes signals on and reaps what ffmpeg leaves behind.
ENTRYPOINT ["tini", "--", "framegate"]
CMD ["serve"]
