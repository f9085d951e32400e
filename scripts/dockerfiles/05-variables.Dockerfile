ARG BASE=localhost/base
FROM ${BASE}
ARG VERSION=v1.2.3-rc1
ENV A=${VERSION} B="${VERSION} x" C=${NONE:-default} D=${VERSION:+set} E='$VERSION' F=\$A
ENV OLD style value
ENV G=$A/${B}
LABEL one=$A two="$B y" \
  three=3
WORKDIR /srv/${A}
COPY share/a.txt ./
