FROM scratch
ARG TARGETPLATFORM
COPY $TARGETPLATFORM/tiny /usr/bin/tiny
ENTRYPOINT ["/usr/bin/tiny"]
