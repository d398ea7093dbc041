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

FROM debian:trixie-slim AS ffmpeg
COPY scripts/image-ffmpeg /
RUN /image-ffmpeg /ffmpeg

# The fonts are for the clocks in the test pattern and exports, and are indexed, since nothing
# can be written later; zones are for TZ. The certificates are for cameras behind https.
FROM debian:trixie-slim AS system
RUN apt-get update \
	&& DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates fontconfig fonts-dejavu-core tini tzdata \
	&& fc-cache --force \
	&& useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin framegate \
	&& mkdir -p /image/usr/bin \
	&& cp -a --parents /etc/passwd /etc/group /etc/ssl/certs/ca-certificates.crt /etc/fonts /usr/share/fontconfig /usr/share/fonts \
		/usr/share/zoneinfo /var/cache/fontconfig /image \
	&& cp /usr/bin/tini-static /image/usr/bin/tini \
	&& install -d -m 1777 /image/tmp \
	&& cd /image && install -d -m 0700 -o framegate data recordings

FROM golang:1.26-trixie AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY gateway gateway
COPY transcode transcode
COPY web web
ARG VERSION
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X framegate/gateway/command.release=$VERSION" -o /framegate ./gateway

# Neither a shell nor a library is in it: nothing but what Framegate runs.
FROM scratch
COPY --from=system /image /
COPY --from=ffmpeg /ffmpeg /usr/bin/ffmpeg
COPY --from=build /framegate /usr/local/bin/framegate
USER 10001:10001
ENV PATH=/usr/local/bin:/usr/bin FRAMEGATE_LISTEN=0.0.0.0:8080 FRAMEGATE_DATA=/data
VOLUME /data
EXPOSE 8080
EXPOSE 8555/udp
EXPOSE 8555/tcp
HEALTHCHECK --interval=10s --timeout=6s --start-period=5s --retries=3 CMD ["framegate", "healthcheck"]
# tini passes signals on and reaps what ffmpeg leaves behind.
ENTRYPOINT ["tini", "--", "framegate"]
CMD ["serve"]
ARG VERSION
LABEL org.opencontainers.image.title="Framegate" \
	org.opencontainers.image.description="A gateway for cameras: pictures in from browsers and cameras, out to every kind of viewer" \
	org.opencontainers.image.licenses="MIT AND GPL-2.0-or-later" \
	org.opencontainers.image.version="$VERSION"
