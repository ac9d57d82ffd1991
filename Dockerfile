# syntax=docker/dockerfile:1
# Images of Forebay, one for each binary:
#   docker build --target forebay-ingest -t forebay/forebay-ingest:0.1.0 .
# Each is its program, the libraries that it is linked with, certificates of authorities, time zones, and an SBOM
# (/usr/share/sbom); nothing to log in to, and no user but 65532.
FROM docker.io/library/rust:1.95-bookworm AS tools
RUN cargo install --locked cargo-cyclonedx@0.5.7

FROM docker.io/library/rust:1.95-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates tzdata libssl-dev zlib1g-dev
COPY --from=tools /usr/local/cargo/bin/cargo-cyclonedx /usr/local/cargo/bin/
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --locked --release --bin forebay --bin forebay-ingest --bin forebay-parser --bin forebay-indexer --bin forebay-replay \
 && mkdir /built && for name in forebay forebay-ingest forebay-parser forebay-indexer forebay-replay; do \
      objcopy --strip-debug target/release/$name /built/$name; done
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    for name in ingest parser indexer replay forebay; do \
      binary=$(test $name = forebay && echo forebay || echo forebay-$name); \
      scripts/image-root /built/$binary /roots/$binary; \
      cargo cyclonedx --manifest-path services/$name/Cargo.toml --format json --override-filename sbom; \
      mv services/$name/sbom.json /roots/$binary/usr/share/sbom/$binary.cdx.json; done

FROM scratch AS forebay-ingest
COPY --from=build /roots/forebay-ingest /
USER 65532:65532
EXPOSE 8080 9600
ENTRYPOINT ["/usr/bin/forebay-ingest"]

FROM scratch AS forebay-parser
COPY --from=build /roots/forebay-parser /
USER 65532:65532
EXPOSE 9600
ENTRYPOINT ["/usr/bin/forebay-parser"]

FROM scratch AS forebay-indexer
COPY --from=build /roots/forebay-indexer /
USER 65532:65532
EXPOSE 9600
ENTRYPOINT ["/usr/bin/forebay-indexer"]

FROM scratch AS forebay-replay
COPY --from=build /roots/forebay-replay /
USER 65532:65532
ENTRYPOINT ["/usr/bin/forebay-replay"]

FROM scratch AS forebay
COPY --from=build /roots/forebay /
USER 65532:65532
EXPOSE 8080 9600
ENTRYPOINT ["/usr/bin/forebay"]
