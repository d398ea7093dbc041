# Framegate in a container.
#
#     docker build -t framegate .
#     docker run --rm -p 8080:8080 -v framegate:/data framegate
#
# The first start prints how to log in; what is kept is in the volume. A
# configuration is mounted:
#
#     -v ./framegate.yaml:/etc/framegate.yaml:ro ... framegate serve --config /etc/framegate.yaml
#
# scripts/compose.yaml has it all, with a second volume for recordings.

FROM golang:1.26-trixie AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o /framegate ./gateway

FROM debian:trixie-slim
# The fonts are for the clocks in the test pattern and exports, the certificates for cameras
# behind https.
RUN apt-get update \
	&& DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates ffmpeg fonts-dejavu-core tini \
	&& rm -rf /var/lib/apt/lists/* \
	&& useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin framegate \
	&& install -d -m 0700 -o framegate /data /recordings
COPY --from=build /framegate /usr/local/bin/framegate
USER framegate
ENV FRAMEGATE_LISTEN=0.0.0.0:8080 FRAMEGATE_DATA=/data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=6s --start-period=5s --retries=3 CMD ["framegate", "healthcheck"]
# tini passes signals on and reaps what ffmpeg leaves behind.
ENTRYPOINT ["tini", "--", "framegate"]
CMD ["serve"]
